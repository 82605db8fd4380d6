/** The flow document (docs/flows.md) as the editor works on it: plain data, changed by whole copies. */
import { KEYS, keyTitle, nodeTypes, testWords, type NodeType } from './types';

export type FlowNode = { type: string; name?: string; keys?: Record<string, unknown> } & Record<string, unknown>;
export interface FlowDocument { entry: string; nodes: Record<string, FlowNode>; layout?: Record<string, [number, number]> }
/** A way out of a node. id: the field's name, or "key:1". */
export interface Way { id: string; title: string; target: string; optional: boolean; otherwise?: string }
export interface Named { code: string; name: string }
export interface Choices { center_id: number; prompts: (Named & { kind: string; text: string })[]; queues: Named[]; calendars: Named[]; agents: Named[]; connectors: Named[] }

export const typeOf = (node: FlowNode | undefined): NodeType | undefined => (node ? nodeTypes[node.type] : undefined);
export const titleOf = (id: string, node: FlowNode | undefined): string => node?.name || id;
export const emptyFlow = (): FlowDocument => ({ entry: '', nodes: {}, layout: {} });
export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export function waysOf(node: FlowNode): Way[] {
  const type = typeOf(node);
  if (!type) return [];
  const keys = type.keys ? KEYS.filter((key) => key in (node.keys ?? {})) : [];
  return [
    ...keys.map((key) => ({ id: `key:${key}`, title: keyTitle(key), target: String(node.keys?.[key] ?? ''), optional: true })),
    ...type.branches.map((b) => ({ id: b.name, title: b.title, target: String(node[b.name] ?? ''), optional: !!b.optional, otherwise: b.otherwise })),
  ];
}
/** Leads a way somewhere; '' = nowhere (a key is taken off, a branch stays open). */
export function lead(node: FlowNode, way: string, target: string): void {
  if (!way.startsWith('key:')) {
    if (target || !typeOf(node)?.branches.find((b) => b.name === way)?.optional) node[way] = target;
    else delete node[way];
    return;
  }
  const keys = (node.keys ??= {});
  if (target) keys[way.slice(4)] = target;
  else delete keys[way.slice(4)];
}
export function freshId(document: FlowDocument, type: string): string {
  let n = 1;
  while (`${type}_${n}` in document.nodes) n++;
  return `${type}_${n}`;
}
/** 菜单, 菜单2 …: what people read in the path of a call until it has a better name. */
function freshName(document: FlowDocument, title: string): string {
  const names = new Set(Object.values(document.nodes).map((n) => n.name));
  let n = 1;
  while (names.has(n > 1 ? title + n : title)) n++;
  return n > 1 ? title + n : title;
}
export function addNode(document: FlowDocument, type: string, at: [number, number]): string {
  const id = freshId(document, type);
  document.nodes[id] = { type, name: freshName(document, nodeTypes[type].title), ...copy(nodeTypes[type].fresh) } as FlowNode;
  (document.layout ??= {})[id] = at;
  if (!document.entry) document.entry = id;
  return id;
}
/** Takes a node out, and every way that led to it. */
export function removeNode(document: FlowDocument, id: string): void {
  delete document.nodes[id];
  delete document.layout?.[id];
  for (const node of Object.values(document.nodes)) for (const way of waysOf(node)) if (way.target === id) lead(node, way.id, '');
  if (document.entry === id) document.entry = Object.keys(document.nodes)[0] ?? '';
}
/** From the entry, as a caller may come by; what no way leads to comes last. */
export function inOrder(document: FlowDocument): string[] {
  const seen = new Set<string>();
  const todo = document.entry in document.nodes ? [document.entry] : [];
  while (todo.length) {
    const id = todo.shift() as string;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const way of waysOf(document.nodes[id])) if (way.target in document.nodes) todo.push(way.target);
  }
  return [...seen, ...Object.keys(document.nodes).filter((id) => !seen.has(id))];
}
/** What is sent: fields that were emptied are left out, an open way stays, for the check names it; positions of nodes only. */
export function cleaned(document: FlowDocument): FlowDocument {
  const nodes: Record<string, FlowNode> = {};
  for (const [id, node] of Object.entries(document.nodes)) {
    const ways = new Set(waysOf(node).map((w) => w.id));
    const keep = Object.entries(node).filter(([name, value]) => !(value === undefined || value === null || (value === '' && name !== 'end' && !ways.has(name))));
    nodes[id] = Object.fromEntries(keep.filter(([name, value]) => !(ways.has(name) && value === ''))) as FlowNode;
  }
  const layout = Object.fromEntries(Object.entries(document.layout ?? {}).filter(([id]) => id in nodes));
  return { entry: document.entry, nodes, layout };
}
/** Where a call came by, and by what: the answer of a trial. */
export interface Step { node: string; title: string; type: string; event: string; key: string }
/** The edges ("node|way") that were gone along. */
export function walkedWays(document: FlowDocument, path: Step[]): Set<string> {
  const walked = new Set<string>();
  for (const [i, step] of path.slice(1).entries()) {
    const from = path[i].node;
    const ways = waysOf(document.nodes[from] ?? { type: '' }).filter((w) => w.target === step.node);
    const likely = [`key:${step.key}`, step.event, `on_${step.event}`, step.event === 'queue_full' ? 'on_full' : ''];
    const way = ways.find((w) => likely.includes(w.id)) ?? ways.find((w) => !w.id.startsWith('key:')) ?? ways[0];
    if (way) walked.add(`${from}|${way.id}`);
  }
  return walked;
}

const sorted = (value: unknown): unknown =>
  value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)])) : value;
/** The server does not keep the order of members. */
export const isSame = (a: FlowDocument, b: FlowDocument): boolean => JSON.stringify(sorted(cleaned(a))) === JSON.stringify(sorted(cleaned(b)));
/** The line of a problem of the check: 节点“x”:… */
export function problemNode(problem: string, document: FlowDocument): string {
  const id = /^节点“([^”]*)”/.exec(problem)?.[1] ?? '';
  return id in document.nodes ? id : '';
}

const named = (list: Named[], code: unknown): string => {
  const one = list.find((c) => c.code === code);
  return one ? `“${one.name}”` : `“${String(code)}”`;
};
/** One line under a node's name. */
export function summaryOf(node: FlowNode, choices: Choices): string {
  const text = (list: Named[], code: unknown): string => list.find((c) => c.code === code)?.name ?? String(code ?? '');
  if (node.queue && node.type !== 'agent') return text(choices.queues, node.queue);
  if (node.calendar) return text(choices.calendars, node.calendar);
  if (node.agent_no) return `${String(node.agent_no)} ${text(choices.agents, node.agent_no)}`;
  if (node.number) return String(node.number);
  if (node.type === 'condition') return `${String(node.variable ?? '')} ${testText(node)}`;
  if (node.type === 'http') return text(choices.connectors, node.connector);
  if (node.prompt) return text(choices.prompts, node.prompt);
  return node.variable ? String(node.variable) : '';
}
export function testText(node: FlowNode): string {
  const test = Object.keys(testWords).find((name) => name in node) ?? 'equals';
  return test === 'is_set' ? testWords.is_set : `${testWords[test]} ${[node[test] ?? ''].flat().join('、')}`;
}

function valueText(document: FlowDocument, choices: Choices, kind: string, value: unknown): string {
  if (value === undefined || value === '' || value === null) return '（空）';
  if (kind === 'way') return value === '@back' ? '“返回上级”' : value === '@main' ? '“主菜单”' : `“${titleOf(String(value), document.nodes[String(value)])}”`;
  if (kind === 'prompt') return named(choices.prompts, value);
  if (kind === 'queue') return named(choices.queues, value);
  if (kind === 'calendar') return named(choices.calendars, value);
  if (kind === 'connector') return named(choices.connectors, value);
  if (kind === 'milliseconds') return `${Number(value) / 1000} 秒`;
  if (kind === 'tick') return value ? '是' : '否';
  return `“${typeof value === 'object' ? JSON.stringify(value) : String(value)}”`;
}
/** What changes from one document to the other, in words. */
export function differences(from: FlowDocument, to: FlowDocument, choices: Choices): string[] {
  const lines: string[] = [];
  if (from.entry !== to.entry) lines.push(`入口由“${titleOf(from.entry, from.nodes[from.entry])}”改为“${titleOf(to.entry, to.nodes[to.entry])}”`);
  for (const id of Object.keys(from.nodes)) if (!(id in to.nodes)) lines.push(`删除了${typeOf(from.nodes[id])?.title ?? '节点'}“${titleOf(id, from.nodes[id])}”`);
  for (const id of Object.keys(to.nodes)) {
    if (!(id in from.nodes)) lines.push(`新增了${typeOf(to.nodes[id])?.title ?? '节点'}“${titleOf(id, to.nodes[id])}”`);
    else lines.push(...nodeDifferences(id, from, to, choices));
  }
  return lines;
}
function nodeDifferences(id: string, from: FlowDocument, to: FlowDocument, choices: Choices): string[] {
  const [a, b] = [from.nodes[id], to.nodes[id]];
  const who = `“${titleOf(id, b)}”`;
  const lines: string[] = [];
  if (a.type !== b.type) return [`${who}由${typeOf(a)?.title ?? a.type}改为${typeOf(b)?.title ?? b.type}`];
  if ((a.name ?? '') !== (b.name ?? '')) lines.push(`${who}原名“${titleOf(id, a)}”`);
  const ways = [...new Map([...waysOf(a), ...waysOf(b)].map((w) => [w.id, w.title]))];
  for (const [way, title] of ways) {
    const [was, is] = [a, b].map((node) => waysOf(node).find((w) => w.id === way)?.target ?? '');
    if (was !== is) lines.push(`${who}：${title}，由${valueText(from, choices, 'way', was)}改为${valueText(to, choices, 'way', is)}`);
  }
  for (const field of typeOf(b)?.fields ?? []) {
    const of = (node: FlowNode): unknown => (field.kind === 'test' ? testText(node) : node[field.name]);
    if (JSON.stringify(of(a) ?? '') !== JSON.stringify(of(b) ?? ''))
      lines.push(`${who}：${field.title}，由${valueText(from, choices, field.kind, of(a))}改为${valueText(to, choices, field.kind, of(b))}`);
  }
  return lines;
}
