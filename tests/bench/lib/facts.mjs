// H: facts through the outbox: PostgreSQL is away while queue calls go on, then back; how fast what was journalled
// is in the tables, with calls still coming. Baseline of the same run: the same rows copied by PostgreSQL alone.
import { hold } from './queue_rate.mjs';
import { RateLab } from './rate_lab.mjs';
import { round, sleep } from './numbers.mjs';

const RATE = Number(process.env.BENCH_FACTS_RATE ?? 500), SECONDS = 10;
const LIVE_RATE = 10, LIVE_S = 7;

// From the last look at which nothing had gone yet: until then the daemon finds out that PostgreSQL is back, which is said apart.
async function catchUp(region) {
  const began = performance.now();
  const look = async () => ({ at: performance.now(), pending: await region.metric('hotlined_facts_pending'), emitted: await region.metric('hotlined_facts_total') });
  let first = await look(), now = first;
  const waiting = first.pending;
  while (now.pending > 500 && now.at - began < 120000) {
    await sleep(50);
    now = await look();
    if (now.pending >= first.pending) first = now;
  }
  const gone = first.pending + now.emitted - first.emitted - now.pending, seconds = (now.at - first.at) / 1000;
  return { waiting, found_again_s: round((first.at - began) / 1000, 2), came_meanwhile: now.emitted - first.emitted, seconds: round(seconds), facts_per_second: Math.round(gone / seconds), done: now.pending <= 500 };
}

// What the rows cost PostgreSQL when nothing is looked at, applied or counted.
function bare(region) {
  region.sql('CREATE TABLE bench_bare (LIKE fact INCLUDING INDEXES)');
  const began = performance.now();
  region.sql('INSERT INTO bench_bare SELECT * FROM fact LIMIT 50000');
  const seconds = (performance.now() - began) / 1000;
  const rows = Number(region.sql('SELECT count(*) FROM bench_bare'));
  region.sql('DROP TABLE bench_bare');
  return Math.round(rows / seconds);
}

export async function facts(region) {
  const { load } = await RateLab.of(region);
  await region.shipped();
  region.run('scripts/pg', ['stop', region.pgDir]);
  const away = await hold(region, load, RATE, SECONDS);
  region.run('scripts/pg', ['start', region.pgDir]);
  const live = hold(region, load, LIVE_RATE, LIVE_S);
  const out = { away: { rate: away.rate, failed: away.failed, p99: away.setup_ms.p99 }, ...await catchUp(region) };
  out.live = await live.then((r) => ({ rate: r.rate, failed: r.failed, p99: r.setup_ms.p99 }));
  out.bare_insert_per_second = bare(region);
  out.share_of_bare = round(out.facts_per_second / out.bare_insert_per_second, 2);
  return out;
}
