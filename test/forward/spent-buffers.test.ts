import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readReplayBody } from '../../src/forward/replay-body.ts';
import { noteSpent } from '../../src/forward/spent-buffers.ts';
import { waitFor } from '../support/wait-for.ts';

const mebibyte = 1024 * 1024;

interface GcDetail {
  readonly kind: number;
  readonly flags: number;
}

/** Kinds of the collections that were asked for. */
function forcedCollections(): unknown[] {
  const kinds: unknown[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = (entry as unknown as { readonly detail: GcDetail }).detail;
      if (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) kinds.push(kind);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  onTestFinished(() => observer.disconnect());
  return kinds;
}

test('the young generation is collected each time that 8 MiB have passed', async () => {
  const kinds = forcedCollections();
  const part = Buffer.alloc(mebibyte);
  for (let round = 1; round <= 3; round += 1) {
    for (let i = 0; i < 8; i += 1) noteSpent(part);
    await waitFor(() => kinds.length >= round, 'a collection');
  }
  expect(kinds).toEqual(Array(3).fill(constants.NODE_PERFORMANCE_GC_MINOR));
});

test('a body that is held leaves its parts behind, and soon itself', async () => {
  const server = createServer(async (req, res) => {
    const body = await readReplayBody(req, res, mebibyte);
    res.end(`${body.bytes.length}`);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kinds = forcedCollections();
  for (let passed = 0; passed < 16; passed += 2) {
    const sent = request({ port, host: '127.0.0.1', method: 'PUT' });
    sent.end(Buffer.alloc(mebibyte));
    const [answer] = await once(sent, 'response');
    expect(String(await answer.toArray())).toBe(`${mebibyte}`);
  }
  await waitFor(() => kinds.length >= 2, 'two collections');
  expect(new Set(kinds)).toEqual(new Set([constants.NODE_PERFORMANCE_GC_MINOR]));
});

test('what has passed does not pile up', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let passed = 0; passed < 256; passed += 1) {
    noteSpent(Buffer.allocUnsafeSlow(mebibyte));
    await turn();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  // Freed by another thread, which may lag behind; left to V8 there are 97.
  expect(most / mebibyte).toBeLessThan(48);
});
