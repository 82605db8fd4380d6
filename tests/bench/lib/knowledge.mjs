// S: an agent searches a knowledge base of 100,000 items (KB-07: within a second), most of whose words are in most items. Beside it
// the same rows by a plain look through every text, which is what there would be without the index.
import { writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Desk } from './desk.mjs';
import { round, summary } from './numbers.mjs';
import { below } from './targets.mjs';

const ITEMS = Number(process.env.BENCH_ITEMS ?? 100000), ROUNDS = 4, BATCH = 10000;
const WORDS = `增值税 个人所得税 企业所得税 发票 申报 缴纳 期限 逾期 滞纳金 登记 注销 变更 电子税务局 办税服务厅 社会保险费 医疗保险 养老保险 灵活就业 印花税 房产税
  契税 车辆购置税 小规模纳税人 一般纳税人 个体工商户 起征点 减免 优惠 退税 出口退税 留抵 汇算清缴 专项附加扣除 赡养老人 代开 红字 作废 领用 最高开票限额 密码 实名认证 三方协议
  银行 扣款 更正 证明 信用等级 非正常户 材料 身份证 窗口 预约 时间 咨询 流程 登录 审核 打印 下载 报表 季度 年度 工资薪金 劳务报酬 经营所得 财产租赁`.split(/\s+/);
// Frequent and rare words, several at once, sentences of which nothing has all, and what is nowhere.
const QUERIES = ['增值税', '发票', '申报', '个人所得税 退税', '增值税发票', '逾期申报', '注销 登记', '社会保险费', '财产租赁', '经营所得 季度', '个人所得税怎么申请退税', '小规模纳税人什么时候申报增值税',
  '个体工商户不经营了怎么注销税务登记', '逾期了滞纳金怎么算', '灵活就业养老保险在哪里缴', '编号99999', '编号4711', '出口退税 专项附加扣除 非正常户', '没有这样的词语', '税务发票局'];

// The same numbers each time.
let seed = 7;
const random = () => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed / 0x7fffffff; };
const rare = Array.from({ length: 1500 }, () => String.fromCharCode(0x4e00 + Math.floor(random() * 4000)));
const word = () => (random() < 0.5 ? WORDS[Math.floor(random() ** 2 * WORDS.length)] : rare[Math.floor(random() * 1500)] + rare[Math.floor(random() * 1500)]);
const phrase = (n) => Array.from({ length: n }, () => word() + (random() < 0.2 ? '，' : '')).join('');

// Two thirds the center's own, the rest shared by the region.
function fill(region) {
  const file = join(region.dir, 'items.tsv');
  const db = region.run('scripts/pg', ['conninfo', region.pgDir]).trim();
  const psql = (...commands) => region.run('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', db, ...commands.flatMap((c) => ['-c', c])]);
  psql('DROP INDEX kb_version_pieces', 'CREATE UNLOGGED TABLE bench_item (id uuid, n int, title text, content text)');
  for (let from = 0; from < ITEMS; from += BATCH) {
    let text = '';
    for (let n = from; n < Math.min(ITEMS, from + BATCH); n++) text += `${randomUUID()}\t${n}\t${phrase(6)}\t${phrase(160)}编号${n}\n`;
    writeFileSync(file, text);
    psql(`\\copy bench_item FROM '${file}'`);
  }
  psql(`INSERT INTO kb_entry (id, center_id, class_id, title, content, share_scope, state, last_seq, changed)
      SELECT i.id, c.center_id, c.id, i.title, i.content, CASE c.center_id WHEN 90 THEN 'center' ELSE 'region' END, 'published', 1, false FROM bench_item i
      JOIN (SELECT center_id, min(id) AS id FROM kb_class WHERE center_id IN (1, 90) GROUP BY center_id) c ON c.center_id = CASE WHEN i.n % 3 = 0 THEN 1 ELSE 90 END`,
  'INSERT INTO kb_version (entry_id, seq, center_id, class_id, title, content, share_scope, published_at) SELECT id, 1, center_id, class_id, title, content, share_scope, now() - random() * interval \'700 days\' FROM kb_entry',
  'CREATE INDEX kb_version_pieces ON kb_version USING gin (pieces) WITH (fastupdate = off) WHERE ended_at IS NULL', 'ANALYZE kb_version', 'DROP TABLE bench_item');
}

export async function knowledge(region) {
  const filling = performance.now();
  fill(region);
  const fill_s = round((performance.now() - filling) / 1000);
  await region.restart();
  const desk = await Desk.open(region, 'bench', 'p1');
  const times = [], each = {};
  for (let n = 0; n < ROUNDS; n++)
    for (const q of QUERIES) {
      const answer = await desk.send('GET', `/knowledge/items?q=${encodeURIComponent(q)}`);
      if (answer.status !== 200) throw new Error(`${q}: ${answer.status} ${answer.body}`);
      times.push(answer.ms);
      each[q] = { ms: Math.max(each[q]?.ms ?? 0, round(answer.ms)), found: JSON.parse(answer.body).items.filter((i) => !i.near).length };
    }
  // What the page asks besides: the tree of classes, and the newest of a library.
  const { items: classes } = JSON.parse((await desk.send('GET', '/knowledge/classes')).body);
  const besides = { classes: [], newest: [] };
  for (let n = 0; n < ROUNDS; n++) {
    besides.classes.push((await desk.send('GET', '/knowledge/classes')).ms);
    for (const { id } of classes) besides.newest.push((await desk.send('GET', `/knowledge/items?class_id=${id}`)).ms);
  }
  desk.close();
  const looked = performance.now();
  region.sql("SELECT count(*) FROM kb_version WHERE plain LIKE '%个人所得税%' AND plain LIKE '%退税%'");
  const out = { unit: 'ms', items: Number(region.sql('SELECT count(*) FROM kb_version')), fill_s, index_mb: round(Number(region.sql("SELECT pg_relation_size('kb_version_pieces')")) / 1e6),
    search: summary(times), each, classes: summary(besides.classes), newest: summary(besides.newest), plain_look_ms: round(performance.now() - looked) };
  out.targets = [below('search of 100,000 items, slowest', out.search.max, 1000, 'ms'), below('newest of a library of 100,000, slowest', out.newest.max, 1000, 'ms')];
  return out;
}
