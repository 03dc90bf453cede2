import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { expect, test } from 'vitest';
import { readReplayBody } from '../../src/forward/replay-body.ts';

/** A request whose body comes as it is pushed. */
function startRequest(): Readable {
  return Object.assign(new Readable({ read: () => {} }), {
    headers: { 'transfer-encoding': 'chunked' },
  });
}

function read(request: Readable, limitBytes: number) {
  return readReplayBody(request as IncomingMessage, {} as ServerResponse, limitBytes);
}

test('a body that comes byte by byte costs little more than its bytes', async () => {
  const size = 200_000;
  const bytes = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
  const request = startRequest();
  const body = read(request, size);
  const before = queryObjects(Buffer, { format: 'count' });
  for (let at = 0; at < size; at += 1000) {
    for (let i = at; i < at + 1000; i += 1) request.push(Buffer.from(bytes.subarray(i, i + 1)));
    await turn();
  }
  expect(request.readableLength).toBe(0);
  expect(queryObjects(Buffer, { format: 'count' }) - before).toBeLessThan(size / 100);
  request.push(null);
  expect(await body).toEqual({ isWhole: true, bytes, isAskedFor: true });
});

test('so does the beginning of one that is longer than the limit, and no byte of it is lost', async () => {
  const request = startRequest();
  const body = read(request, 1000);
  for (let i = 0; i < 1500; i += 1) request.push(Buffer.of(i % 251));
  const { isWhole, bytes } = await body;
  expect([isWhole, bytes.length]).toEqual([false, 1000]);
  request.push(null);
  const rest = Buffer.concat(await request.toArray());
  expect([...bytes, ...rest]).toEqual(Array.from({ length: 1500 }, (_, i) => i % 251));
});
