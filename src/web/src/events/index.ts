import type { Agent } from '../types';
import { useAgent } from '../stores/agent';
import { useConnection } from '../stores/connection';
import { useLeader } from '../stores/leader';
import { useLive } from '../stores/live';
import { useSession } from '../stores/session';
import { useWork } from '../stores/work';
import { AGAIN_MS, channelName, openStream, type Message } from './kinds';

/** A worker whose stream neither opens nor fails by then is of no use: this tab reads for itself. */
const WORKER_ANSWERS_WITHIN_MS = 4000;
let close: (() => void) | null = null;
/** The stream was away: what was told meanwhile is not known, not even what this person may do now. */
let missed = false;

async function loadAgain(): Promise<void> {
  const session = useSession();
  if (missed) await session.renew();
  missed = false;
  if (session.me?.is_agent) await useAgent().load();
  if (session.may('monitor.read')) await useLive().load();
  if (useLeader().shown) await useLeader().load();
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
    missed = true;
    connection.down();
    // The reason may be that nobody is signed in here any more; else it is said at the next event.
    if (message.refused) void useSession().renew().catch(() => undefined);
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
    case 'agents_today':
      useLeader().today(data);
      break;
    case 'trunk':
      live.trunk(data);
      break;
    case 'alive':
      connection.heard(data.now_ms);
      live.strangers = data.strangers;
      break;
    case 'voicemail':
    case 'callback':
    case 'knowledge':
      useWork().changed(message.kind);
      break;
    case 'ticket':
      useWork().changed(message.kind, data.ticket_id);
      break;
    case 'store':
      connection.store = data;
      break;
    case 'directory':
      void useSession().renew().catch(() => undefined); // the next event tries again
      if (useLeader().shown) void useLeader().load().catch(() => undefined);
      break;
  }
}

function openDirect(): void {
  let source: EventSource;
  let timer = 0;
  const open = (): void => {
    source = openStream((message) => {
      apply(message);
      if (message.kind === 'down' && message.refused) timer = window.setTimeout(open, AGAIN_MS);
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
  const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: `hotlined-${userId}`,
  });
  const leaveWorker = (): void => {
    window.clearTimeout(silence);
    worker.port.close();
    channel.close();
  };
  const goDirect = (): void => {
    leaveWorker();
    openDirect();
  };
  const silence = window.setTimeout(goDirect, WORKER_ANSWERS_WITHIN_MS);
  worker.onerror = goDirect;
  const hear = (event: MessageEvent<Message>): void => {
    window.clearTimeout(silence);
    apply(event.data);
  };
  channel.onmessage = hear;
  worker.port.onmessage = hear;
  worker.port.start();
  close = () => {
    worker.port.postMessage('close');
    leaveWorker();
  };
}

export function closeEvents(): void {
  close?.();
  close = null;
}
