// Ratios within this run, ratios to the peers (measured another day), and the table for people.
import { round } from './numbers.mjs';
import { missed } from './targets.mjs';

// ../shared/design/peers-measured.md: another day, so for orientation only.
const ASTERISK = { calls_per_second: 110, ms_per_call: 8.9, kb_per_waiting_call: 143, reaction_p50_ms: 431, reaction_max_ms: 995, idle_mb: 37 };
const FREESWITCH = { calls_per_second: 32, ms_per_call: 27, kb_per_waiting_call: 382, reaction_p50_ms: 857, reaction_max_ms: 3584, idle_mb: 35 };

const times = (a, b) => (a && b ? round(a / b, 1) : null);

export function addRatios(out) {
  const { queue_rate: queue, memory, reaction, bare } = out.parts;
  const held = queue?.held;
  out.ratios = {
    note: 'times better; ratios to the peers are against figures of another day',
    bare_library_cpu_per_call_share: held && bare?.us_per_call ? round(bare.us_per_call / 1000 / held.daemon_ms_per_call, 2) : null,
    queue_rate_to_bare_library: times(held?.rate, bare?.held_rate),
  };
  for (const [name, peer] of Object.entries({ asterisk: ASTERISK, freeswitch: FREESWITCH })) {
    out.ratios[`to_${name}_another_day`] = {
      calls_per_second: times(held?.rate, peer.calls_per_second),
      cpu_per_call: times(peer.ms_per_call, held?.daemon_ms_per_call),
      memory_per_waiting_call: times(peer.kb_per_waiting_call, memory?.without_music?.kb_per_call_500_1000),
      reaction_p50: times(peer.reaction_p50_ms, reaction?.p50),
      reaction_max: times(peer.reaction_max_ms, reaction?.max),
    };
  }
}

const rows = {
  bare: (p) => [['bare library: calls/s held', `${p.held_rate}${p.held_all_steps ? ' or more' : ''}`], ['bare library: CPU per call', `${p.us_per_call} us`]],
  queue_rate: (p) => queueRows('queue calls/s held, no RTP', p),
  queue_rate_rtp: (p) => queueRows('queue calls/s held, silence sent to both', p),
  memory: (p) => [
    ['idle', `${round(p.without_music.idle_kb / 1024)} MB`],
    ['per waiting call, no music, 0-500 / 500-1000', `${p.without_music.kb_per_call_0_500} / ${p.without_music.kb_per_call_500_1000} KB`],
    ['per waiting call, music', `${p.with_music.kb_per_call_0_500} / ${p.with_music.kb_per_call_500_1000} KB`],
    ['CPU while 1000 wait, no music / music', `${p.without_music.waiting_1000_cpu_percent} / ${p.with_music.waiting_1000_cpu_percent} %`],
  ],
  first_packet: (p) => [['INVITE to first prompt packet, p50 / p99', `${p.invite_to_packet.p50} / ${p.invite_to_packet.p99} ms (n ${p.invite_to_packet.n})`]],
  answer_audio: (p) => [
    ['answer click to agent\'s voice, p50 / p99', `${p.announcement_off.click_to_audio.p50} / ${p.announcement_off.click_to_audio.p99} ms`],
    ['answer click to announcement, p50 / p99', `${p.announcement_on.click_to_audio.p50} / ${p.announcement_on.click_to_audio.p99} ms`],
  ],
  answer_page: (p) => [['answer key to sound in Chromium, p50 / p99', `${p.key_to_sound.p50} / ${p.key_to_sound.p99} ms (n ${p.key_to_sound.n}; its jitter buffer ${p.jitter_buffer.p50})`]],
  recorded_talks: (p) => [
    ['recorded talks held', p.held ? `${p.held.talks} (lost ${p.held.lost_percent} %, p50 ${p.held.p50}, p99 ${p.held.p99} ms)` : 'none'],
    ['  CPU of the daemon', p.held ? `${p.held.daemon_percent} % of core 0, ${p.held.us_per_packet} us a packet` : '-'],
    ['  bare relay: talks held, us a packet', p.bare_relay.held ? `${p.bare_relay.held.talks}, ${p.bare_relay.held.us_per_packet}` : 'none'],
    ['  CPU to the bare relay\'s with as many talks', `${p.cpu_to_bare_relay}`],
  ],
  facts: (p) => [['facts into PostgreSQL after an outage, per second', `${p.facts_per_second} (${p.waiting} waiting; bare insert ${p.bare_insert_per_second})`]],
  reaction: (p) => [['agent free to next INVITE, p50 / max', `${p.p50} / ${p.max} ms (n ${p.n})`]],
  overload: (p) => p.runs.map((r) => [`${r.times} times ${p.capacity_per_s} calls/s: taken / refused / failed, p99 of the rest`, `${r.taken_per_s}/s / ${r.refused_per_s}/s / ${r.failed}, ${r.whole.setup_ms.p99} ms; last refused ${r.recovered_s} s after`]),
  decision: (p) => Object.entries(p.events).map(([name, e]) => [`ACD ${name}, p50 / p99`, `${e.p50} / ${e.p99} ns`]),
  wall: (p) => [[`change of state to ${p.walls} walls, p50 / p99 / max`, `${p.to_wall.p50} / ${p.to_wall.p99} / ${p.to_wall.max} ms (bare ${p.bare_events.p50} / ${p.bare_events.p99}; daemon ${p.cpu.daemon_percent} %)`]],
  knowledge: (p) => [[`search of ${p.items} items, p50 / max`, `${p.search.p50} / ${p.search.max} ms (n ${p.search.n}; a look through every text ${p.plain_look_ms})`]],
  restart: (p) => [
    ['exec to first call, after SIGTERM, p50 / max', `${p.terminated.exec_to_call.p50} / ${p.terminated.exec_to_call.max} ms (n ${p.terminated.exec_to_call.n}; CPU ${p.terminated.cpu.p50}; psql asks alone in ${p.bare_psql.p50})`],
    ['  after SIGKILL; with PostgreSQL away', `${p.killed.exec_to_call.p50} / ${p.killed.exec_to_call.max}; ${p.without_database.exec_to_call.p50} / ${p.without_database.exec_to_call.max} ms`],
  ],
  full_house: (p) => [
    [`full house, ${p.seconds} s: calls / failed, talks at once`, `${p.calls} / ${p.failed}, ${p.talks_at_once.least} to ${p.talks_at_once.most}`],
    ['  sound lost, delay p50 / p99', `${p.sound.lost} of ${p.sound.received}, ${p.sound.p50} / ${p.sound.p99} ms`],
    ['  CPU of the daemon; memory after a minute / at the end', `${p.daemon_percent} % of core 0; ${p.rss_mb.first_minute} / ${p.rss_mb.last} MB`],
    ['  talks / recordings / of another length than the talk', `${p.talks} / ${p.recordings} / ${p.recordings_of_another_length}`],
  ],
  bot_house: (p) => [
    [`bot house, ${p.seconds} s: sessions / rounds, at once`, `${p.sessions} / ${p.rounds}, ${p.sessions_at_once.least} to ${p.sessions_at_once.most}`],
    ['  wrong answers / lost; key to answer p50 / p99', `${p.wrong_answers} / ${p.lost}; ${p.answer_ms.p50} / ${p.answer_ms.p99} ms`],
    ['  81sts that waited in the queue / met a bot', `${p.record.overflow_waited} / ${p.taken_81st + p.record.overflow_met_bot}`],
    ['  in use: nodes; centers', `${p.use.nodes.join(', ')}; ${Object.entries(p.use.centers).map(([id, n]) => `${id}: ${n}`).join(', ')}`],
    ['  CPU of the daemon; memory after a minute / at the end', `${p.daemon_percent} % of core 0; ${p.rss_mb.first_minute} / ${p.rss_mb.last} MB`],
  ],
  idle_lines: (p) => [[`${p.lines} idle browser lines`, `${p.daemon_percent} % of a core (${p.without.daemon_percent} without), ${p.per_line_us_per_second} us a second each; leftover loop ${p.leftover_lost_percent} % less`]],
  memory_gone: (p) => [[`memory before / at most / 60 s after ${p.calls} calls`, `${p.idle} / ${p.most} / ${p.after['60 s']} MB (${p.failed} failed)`]],
  talks: (p) => [[`${p.at_once} talks with sound to both sides`, `${p.daemon_percent} % of a core, ${p.us_per_talk_and_second} us a second each`]],
  sign_in_page: (p) => [['sign-in to line up in Chromium, p50 / max', `${p.to_line.p50} / ${p.to_line.max} ms (n ${p.to_line.n}; to the page ${p.to_page.p50})`]],
  save: (p) => [
    ['save a registration, 200 agents, p50 / p99 / max', `${p.one_by_one.p50} / ${p.one_by_one.p99} / ${p.one_by_one.max} ms (bare statement ${p.bare_statement.average_ms})`],
    ['  200 in the same moment, p50 / p99 / max', `${p.at_once.p50} / ${p.at_once.p99} / ${p.at_once.max} ms`],
  ],
};

function queueRows(title, p) {
  if (!p.held) return [[title, 'none']];
  const { held } = p;
  return [[title, held.rate], ['  setup p50 / p95 / p99 / max', `${held.setup_ms.p50} / ${held.setup_ms.p95} / ${held.setup_ms.p99} / ${held.setup_ms.max} ms`],
    ['  CPU of the daemon', `${held.daemon_percent} % of core 0, ${held.daemon_ms_per_call} ms per call`],
    ['  others on core 0 / core 1 in all', `${held.others_on_core0_percent} / ${held.core1_percent} %`]];
}

export function table(out) {
  const lines = [];
  for (const [name, part] of Object.entries(out.parts)) {
    const list = part.error ? [[name, `failed: ${part.error.split('\n')[0]}`]] : rows[name](part);
    for (const [what, value] of list) lines.push(`  ${what.padEnd(48)} ${value}`);
    for (const t of part.targets ?? []) lines.push(`    ${t.met ? 'yes' : 'NO '} ${`${t.what} < ${t.limit} ${t.unit}`.padEnd(48)} ${t.measured}`);
  }
  const misses = missed(out);
  lines.push(misses.length ? `  targets missed: ${misses.join('; ')}` : '  every target measured here was met');
  return `${lines.join('\n')}\n`;
}
