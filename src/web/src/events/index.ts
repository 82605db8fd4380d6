import type { Agent } from '../types';
import { useAgent } from '../stores/agent';
import { useConnection } from '../stores/connection';
import { useLive } from '../stores/live';
import { useSession } from '../stores/session';
import { channelName, openStream, type Message } from './kinds';

let close: (() => void) | null = null;

async function loadAgain(): Promise<void> {
  const session = useSession();
  if (session.me?.is_agent) await useAgent().load();
  if (session.may('monitor.read')) await useLive().load();
}

function apply(message: Message): void {
  const connection = useConnection();
  if (message.kind === 'up') {
    connection.up();
    // a stream this tab joined late has no hello for it
    void loadAgain().catch(() => connection.down());
    return;
  }
  if (message.kind === 'down') {
    connection.down();
    return;
  }
  connection.up();
  connection.heard();
  const data = JSON.parse(message.data);
  const live = useLive();
  switch (message.kind) {
    case 'hello':
      connection.heard(data.now_ms);
      break;
    case 'agent':
      useAgent().take(data as Agent);
      break;
    case 'seat':
      live.seat(data);
      break;
    case 'queue':
      live.queue(data);
      break;
    case 'waiting':
      live.waiting(data);
      break;
    case 'today':
      live.today(data);
      break;
    case 'trunk':
      live.trunk(data);
      break;
    case 'store':
      connection.store = data;
      break;
    case 'directory':
      void useSession().loadDictionaries().catch(() => undefined); // the next event tries again
      break;
  }
}

function openDirect(): void {
  let source: EventSource;
  let timer = 0;
  const open = (): void => {
    source = openStream((message) => {
      apply(message);
      if (message.kind === 'down' && source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, 3000);
    });
  };
  open();
  close = () => {
    window.clearTimeout(timer);
    source.close();
  };
}

export function openEvents(userId: number): void {
  closeEvents();
  if (typeof SharedWorker === 'undefined' || typeof BroadcastChannel === 'undefined') return openDirect();
  const channel = new BroadcastChannel(channelName(userId));
  channel.onmessage = (event: MessageEvent<Message>) => apply(event.data);
  const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: `hotlined-${userId}`,
  });
  worker.onerror = () => {
    channel.close();
    openDirect();
  };
  worker.port.onmessage = (event: MessageEvent<Message>) => apply(event.data);
  worker.port.start();
  close = () => {
    worker.port.postMessage('close');
    worker.port.close();
    channel.close();
  };
}

export function closeEvents(): void {
  close?.();
  close = null;
}
