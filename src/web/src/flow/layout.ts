/** Places for nodes that have none: layers from left to right, as few crossings as dagre finds. */
import dagre from '@dagrejs/dagre';
import { inOrder, waysOf, type FlowDocument, type FlowNode } from './document';

export const NODE_WIDTH = 216;
export const nodeHeight = (node: FlowNode): number => 54 + 24 * waysOf(node).length;

export function laidOut(document: FlowDocument): Record<string, [number, number]> {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 36, ranksep: 90 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of inOrder(document)) graph.setNode(id, { width: NODE_WIDTH, height: nodeHeight(document.nodes[id]) });
  for (const [id, node] of Object.entries(document.nodes))
    for (const way of waysOf(node)) if (way.target in document.nodes) graph.setEdge(id, way.target, {}, way.id);
  dagre.layout(graph);
  const places: Record<string, [number, number]> = {};
  for (const id of graph.nodes()) {
    const { x, y } = graph.node(id);
    places[id] = [Math.round(x - NODE_WIDTH / 2), Math.round(y - nodeHeight(document.nodes[id]) / 2)];
  }
  return places;
}
/** Keeps what is placed; a document without any place is laid out as a whole, single ones go below the rest. */
export function placed(document: FlowDocument): FlowDocument {
  const layout = document.layout ?? {};
  const without = Object.keys(document.nodes).filter((id) => !layout[id]);
  if (!without.length) return { ...document, layout };
  if (without.length === Object.keys(document.nodes).length) return { ...document, layout: laidOut(document) };
  const bottom = Math.max(...Object.entries(layout).map(([id, [, y]]) => y + (document.nodes[id] ? nodeHeight(document.nodes[id]) : 0)));
  return { ...document, layout: { ...layout, ...Object.fromEntries(without.map((id, i) => [id, [i * (NODE_WIDTH + 30), bottom + 40] as [number, number]])) } };
}
