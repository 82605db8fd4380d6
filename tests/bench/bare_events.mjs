// The bare baseline of the wall: GET opens a stream of events, PUT /USER/STATE writes one event to all of them.
//   node tests/bench/bare_events.mjs SEAT      the seat's document as JSON; prints its port; ends by SIGTERM
import { createServer } from 'node:http';

const seat = JSON.parse(process.argv[2]);
const readers = new Set();
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: hello\ndata: {}\n\n');
    readers.add(response);
    response.on('close', () => readers.delete(response));
    return;
  }
  const [, user, state] = request.url.split('/');
  const event = `event: seat\ndata: ${JSON.stringify({ ...seat, user_id: Number(user), state })}\n\n`;
  for (const reader of readers) reader.write(event);
  response.writeHead(204).end();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
