/** What the stream carries (docs/api.md, Events) and how the worker passes it on. */
export const kinds = ['hello', 'agent', 'seat', 'queue', 'waiting', 'today', 'agents_today', 'trunk', 'store', 'directory', 'voicemail', 'callback', 'ticket', 'knowledge', 'alive'] as const;
export type Kind = (typeof kinds)[number];
export type Message = { kind: Kind; data: string } | { kind: 'up' } | { kind: 'down'; refused: boolean };
export const AGAIN_MS = 3000;
export const channelName = (userId: number): string => `hotlined-events-${userId}`;

/** One stream; the browser sends Last-Event-ID itself when it connects again. An answer that is no stream ends it for good
 * (`refused`): whoever opened it begins anew. */
export function openStream(tell: (message: Message) => void): EventSource {
  const source = new EventSource('/api/v1/events', { withCredentials: true });
  source.onopen = () => tell({ kind: 'up' });
  source.onerror = () => tell({ kind: 'down', refused: source.readyState === EventSource.CLOSED });
  for (const kind of kinds)
    source.addEventListener(kind, (event) => tell({ kind, data: (event as MessageEvent<string>).data }));
  return source;
}
