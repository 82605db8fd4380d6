// A throw-away PostgreSQL with the schema (and the seed), spoken to by psql: as the owner, or as the
// daemon's role through the named statements of sql/queries, in a transaction with a scope.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PSQL } from './psql.mjs';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

export const schemaFiles = () => readdirSync(join(ROOT, 'sql/schema')).filter((f) => f.endsWith('.sql')).sort()
  .map((f) => join(ROOT, 'sql/schema', f));

// name -> SQL, as scripts/embed-sql reads them.
export function statements() {
  const found = {};
  for (const file of readdirSync(join(ROOT, 'sql/queries')).filter((f) => f.endsWith('.sql'))) {
    let name = null;
    for (const line of readFileSync(join(ROOT, 'sql/queries', file), 'utf8').split('\n')) {
      const head = /^-- name: (\w+)/.exec(line);
      if (head) {
        name = head[1];
        found[name] = '';
      } else if (name && !/^\s*--/.test(line)) {
        found[name] += `${line}\n`;
      }
    }
  }
  return Object.fromEntries(Object.entries(found).map(([n, sql]) => [n, sql.trim().replace(/;$/, '')]));
}
const STATEMENTS = statements();

export const literal = (value) => {
  if (value === null || value === undefined) return 'NULL';
  const text = typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value)
    : Array.isArray(value) ? JSON.stringify(value) : String(value);
  return `'${text.replace(/'/g, "''")}'`;
};

export class SqlError extends Error {
  constructor(stderr) {
    super(stderr);
    this.sqlstate = /ERROR: +(\w{5}):/.exec(stderr)?.[1];
    this.field = /CONSTRAINT NAME: +(\w+)/.exec(stderr)?.[1];
  }
}

export class Database {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'hlsql-'));
    chmodSync(this.dir, 0o755); // PostgreSQL runs as another user when we are root
    this.pg = join(this.dir, 'pg');
    this.shell('scripts/pg', ['start', this.pg]);
    this.socket = /host=(\S+)/.exec(this.shell('scripts/pg', ['conninfo', this.pg]))[1];
    this.database = 'hotlined';
    for (const file of schemaFiles()) this.migrate(file);
  }

  shell(command, args) {
    return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  psql(role, input, args = []) {
    try {
      return execFileSync(PSQL, ['-qAtX', '-h', this.socket, '-U', role, '-d', this.database, '-v', 'ON_ERROR_STOP=1',
        '-v', 'VERBOSITY=verbose', ...args], { cwd: ROOT, encoding: 'utf8', input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] }).trim();
    } catch (error) {
      throw new SqlError(error.stderr || String(error));
    }
  }

  migrate(file) { this.psql('hotlined', '', ['-1', '-f', file]); }
  seed() { this.shell('scripts/seed', [this.pg, join(this.dir, 'prompts')]); }
  // As the owner: row-level security does not apply.
  sql(text) { return this.psql('hotlined', text); }
  number(text) { return Number(this.sql(text)); }
  rows(text) { return JSON.parse(this.sql(`SELECT coalesce(json_agg(x), '[]') FROM (${text}) x`)); }

  // As the daemon's role with a scope: centers '*', '{2}' or '' and a user.
  as(scope, text) {
    return this.psql('hotlined_app', `BEGIN; SELECT set_config('hotlined.centers', ${literal(scope.centers ?? '')}, true),
      set_config('hotlined.user', ${literal(scope.user ?? 0)}, true) \\g /dev/null\n${text}\n;COMMIT;`);
  }

  // A named statement; answers rows as objects.
  call(scope, name, ...params) {
    if (!STATEMENTS[name]) throw new Error(`no statement ${name}`);
    const execute = params.length ? `EXECUTE q(${params.map(literal).join(', ')})` : 'EXECUTE q';
    const csv = this.as(scope, `PREPARE q AS ${STATEMENTS[name]};\n\\pset format csv\n\\pset tuples_only off\n\\pset null '\\\\N'\n${execute};`);
    return parseCsv(csv);
  }

  // A statement that answers one JSON document (null = no row).
  document(scope, name, ...params) {
    const row = this.call(scope, name, ...params)[0];
    return row ? JSON.parse(row.document) : null;
  }

  ingest(facts) {
    const file = `SELECT ingest_facts($hlfacts$${JSON.stringify(facts)}$hlfacts$::jsonb);`;
    return Number(this.as({ centers: '*' }, file));
  }

  stop() {
    try { this.shell('scripts/pg', ['stop', this.pg]); } finally { rmSync(this.dir, { recursive: true, force: true }); }
  }
}

function parseCsv(text) {
  const rows = [];
  let row = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') field += text[++i];
      else if (c === '"') quoted = false;
      else field += c;
    } else if (c === '"') quoted = true;
    else if (c === ',') { row.push(field); field = ''; }
    else if (c === '\n') { row.push(field); rows.push(row); row = []; field = ''; }
    else field += c;
  }
  if (field || row.length) { row.push(field); rows.push(row); }
  const head = rows.shift() ?? [];
  return rows.map((r) => Object.fromEntries(head.map((h, i) => [h, r[i] === '\\N' ? null : r[i]])));
}

let lastMs = 0;
let sequence = 0;
// UUIDv7 of a moment; those of one moment stay in order.
export function uuid7(ms) {
  sequence = ms === lastMs ? sequence + 1 : 0;
  lastMs = ms;
  const hex = ms.toString(16).padStart(12, '0');
  const tail = randomBytes(8).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${(sequence & 0xfff).toString(16).padStart(3, '0')}-8${tail.slice(0, 3)}-${tail.slice(3, 15)}`;
}

// Repeatable random numbers (mulberry32).
export function randomFrom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Writes the facts of calls as the daemon does. Times in ms.
export class Journal {
  constructor() { this.facts = []; }

  fact(center, ms, kind, payload) {
    this.facts.push({ id: uuid7(ms), center_id: center, at_ms: ms, kind, payload });
    return payload;
  }

  begin(center, t, more = {}) {
    const call = { id: uuid7(t), center, t_in: t };
    this.fact(center, t, 'call_begin', { call_id: call.id, global_call_id: call.id, direction: 'in', source: 'direct', info_source: 'city',
      unit_type: 'self', trunk_id: 1, entry_code: '07711236601', caller_no: '13877100001', caller_province: '广西', caller_city: '450100',
      caller_place: '广西南宁', called_no: '07711236601', t_in_ms: t, test: false, ...more });
    return call;
  }

  enter(call, t, queue) {
    call.first_queue ??= queue;
    call.first_q_in ??= t;
    const visit = { id: uuid7(t), queue, t };
    this.fact(call.center, t, 'queue_enter', { visit_id: visit.id, call_id: call.id, queue_id: queue, t_q_in_ms: t, first_t_q_in_ms: call.first_q_in, priority: 0 });
    return visit;
  }

  leave(call, visit, t, outcome) {
    this.fact(call.center, t, 'queue_leave', { visit_id: visit.id, call_id: call.id, queue_id: visit.queue, t_q_out_ms: t, outcome, wait_ms: t - visit.t });
  }

  offer(call, visit, user, t, end, outcome) {
    const id = uuid7(t);
    this.fact(call.center, t, 'offer_begin', { offer_id: id, call_id: call.id, visit_id: visit.id, queue_id: visit.queue, user_id: user, t_ring_ms: t, reason: '空闲最久' });
    this.fact(call.center, end, 'offer_end', { offer_id: id, call_id: call.id, queue_id: visit.queue, user_id: user, t_ring_end_ms: end, outcome, ring_ms: end - t });
  }

  talk(call, queue, user, t, end, { kind = 'inbound', hold = 0, ...more } = {}) { // more: of talk_end
    const id = uuid7(t);
    this.fact(call.center, t, 'talk_begin', { talk_id: id, call_id: call.id, queue_id: queue, user_id: user, kind, t_ans_ms: t });
    this.fact(call.center, end, 'talk_end', { talk_id: id, call_id: call.id, user_id: user, t_rel_ms: end, talk_ms: end - t, hold_ms: hold, released_by: 'caller', ...more });
    return id;
  }

  hold(call, talk, user, t, length, more = {}) { // more: of hold_begin
    const id = uuid7(t);
    this.fact(call.center, t, 'hold_begin', { hold_id: id, call_id: call.id, talk_id: talk, user_id: user, t_start_ms: t, ...more });
    this.fact(call.center, t + length, 'hold_end', { hold_id: id, call_id: call.id, t_end_ms: t + length });
  }

  acw(call, queue, user, t, length) {
    this.fact(call.center, t + length, 'acw_end', { acw_id: uuid7(t), call_id: call.id, user_id: user, queue_id: queue, t_start_ms: t, t_end_ms: t + length, acw_ms: length });
  }

  end(call, t, outcome, more = {}) {
    this.fact(call.center, t, 'call_end', { call_id: call.id, t_end_ms: t, outcome, end_reason: 'caller', first_queue_id: call.first_queue ?? null,
      wait_ms: null, t_ans_ms: null, talk_ms: 0, hold_ms: 0, user_id: null, sl_threshold_ms: 20000, short_abandon_ms: 5000, ...more });
  }

  // Out of one list, in the order the things happened.
  sorted() { return this.facts.sort((a, b) => a.at_ms - b.at_ms || (a.id < b.id ? -1 : 1)); }
}
