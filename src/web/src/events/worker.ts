/** One event stream for all tabs of a user: six streams would block every further request of the browser. */
import { AGAIN_MS, channelName, openStream } from './kinds';

const name = (self as unknown as { name: string }).name;
const userId = Number(name.split('-').pop());
const channel = new BroadcastChannel(channelName(userId));
let source: EventSource | null = null;
let up = false;
let again: ReturnType<typeof setTimeout> | undefined;

function open(): void {
  source?.close();
  source = openStream((message) => {
    if (message.kind === 'up') up = true;
    if (message.kind === 'down') {
      up = false;
      if (message.refused) again = setTimeout(open, AGAIN_MS);
    }
    channel.postMessage(message);
  });
}

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (!source) open();
  else if (up) port.postMessage({ kind: 'up' }); // else the next success or failure is told to all
  port.onmessage = (asked: MessageEvent<string>) => {
    if (asked.data !== 'close') return;
    clearTimeout(again); // nobody is signed in any more
    source?.close();
    source = null;
  };
};
