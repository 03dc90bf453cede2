// Over real sockets: what a slow reader costs can only be seen there.
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { EventStream, type EventStreamOptions } from '../../src/admin/event-stream.ts';
import { feedSize, RequestFeed } from '../../src/admin/request-feed.ts';
import { ProxyError } from '../../src/errors.ts';
import { makeRequest } from '../support/make-event.ts';
import { letTimePass, stopClock } from '../support/test-clock.ts';
import { waitFor } from '../support/wait-for.ts';

interface Setup {
  readonly feed: RequestFeed;
  readonly stream: EventStream;
  readonly port: number;
  readonly refused: unknown[];
}

async function setUp(options: Partial<EventStreamOptions> = {}): Promise<Setup> {
  const feed = new RequestFeed();
  const status = () => ({ readiness: 'ready' });
  const stream = new EventStream({ feed, status, processId: 'p1', flushMs: 5, ...options });
  const refused: unknown[] = [];
  const server = createServer((req, res) => {
    try {
      stream.subscribe(res, req.headers['last-event-id'] as string | undefined);
    } catch (error) {
      refused.push(error);
      res.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { feed, stream, refused, port: (server.address() as AddressInfo).port };
}

/** Reads all that comes, or nothing at all. */
function read(port: number, { lastEventId = '', isPaused = false } = {}) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\nLast-Event-ID: ${lastEventId}\r\n\r\n`);
  const reader = { text: '', isClosed: false, socket };
  socket.on('close', () => {
    reader.isClosed = true;
  });
  socket.on('error', () => {});
  if (isPaused) socket.pause();
  else socket.on('data', (chunk) => (reader.text += chunk));
  return reader;
}

const numbersIn = (text: string) => [...text.matchAll(/"number":(\d+)/g)].map(([, n]) => Number(n));

test('the status and the requests so far, then each as it ends', async () => {
  const { feed, stream, port } = await setUp();
  feed.add(makeRequest(), 0);
  const reader = read(port);
  await waitFor(() => reader.text.includes('"number":1'), 'the request so far');
  expect(reader.text).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-type: text\/event-stream/);
  expect(reader.text).toContain('event: status\ndata: {"readiness":"ready"}\n\n');
  feed.add(makeRequest(), 0);
  await waitFor(() => reader.text.includes('id: p1-2\n'), 'the next request');
  stream.statusChanged();
  await waitFor(() => reader.text.split('event: status').length === 3, 'the changed status');
});

test('who comes back gets what it missed, and from another process everything', async () => {
  const { feed, port } = await setUp();
  for (let i = 0; i < 4; i += 1) feed.add(makeRequest(), 0);
  const back = read(port, { lastEventId: 'p1-3' });
  const other = read(port, { lastEventId: 'p0-3' });
  await waitFor(() => back.text.includes('"number":4'), 'what was missed');
  await waitFor(() => other.text.includes('"number":4'), 'everything');
  expect(numbersIn(back.text)).toEqual([4]);
  expect(numbersIn(other.text)).toEqual([1, 2, 3, 4]);
});

test('a reader that falls behind misses requests; one that reads nothing is dropped', async () => {
  stopClock();
  const { feed, stream, port } = await setUp({ heartbeatMs: 300 });
  const quick = read(port);
  const stuck = read(port, { isPaused: true });
  await waitFor(() => stream.subscribers === 2, 'both readers');
  const request = makeRequest({ path: `/${'x'.repeat(490)}` });
  const hasNewest = () => numbersIn(quick.text.slice(-5000)).at(-1) === feed.last;
  // More than the buffers of both kernels hold. No time passes while there is something on its way to the quick one.
  const fill = () => {
    for (let i = 0; i < 2 * feedSize; i += 1) feed.add(request, 0);
    letTimePass(20);
  };
  fill();
  await waitFor(() => {
    if (hasNewest()) fill();
    return stream.subscribers === 1;
  }, 'the stuck reader to be dropped');
  await waitFor(hasNewest, 'the newest');
  expect(quick.isClosed).toBe(false);
  stuck.socket.resume();
  await waitFor(() => stuck.isClosed, 'its connection to end');
});

test('a quiet stream shows that it lives', async () => {
  const { port } = await setUp({ heartbeatMs: 20 });
  const reader = read(port);
  await waitFor(() => reader.text.includes(': still here\n\n'), 'a heartbeat');
});

test('who leaves is forgotten, and there are only so many at once', async () => {
  const { stream, port, refused } = await setUp();
  const readers = Array.from({ length: 50 }, () => read(port));
  await waitFor(() => stream.subscribers === 50, 'all readers');
  read(port);
  await waitFor(() => refused.length === 1, 'the one too many');
  expect(refused[0]).toBeInstanceOf(ProxyError);
  expect(refused[0]).toMatchObject({ code: 'overloaded' });
  for (const { socket } of readers) socket.destroy();
  await waitFor(() => stream.subscribers === 0, 'nobody');
});
