// Bodies of every size, framed either way, byte for byte in both directions. Their size decides the lane: a replay lane up to
// 1 MiB, the stream lane above.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { chunked, connectRaw, type RawClient, requestBytes } from '../support/raw-http.ts';
import { type RawConnection, startRawPair } from '../support/raw-upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/jobs/ingest/750/batches';
const framings = ['length', 'chunks'] as const;
type Framing = (typeof framings)[number];

/** Bytes without a pattern that a shift of a block would hide. */
function bytes(length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  for (let i = 0, x = 1; i < length; i += 1) {
    x = (x * 1_103_515_245 + 12_345) & 0x7fffffff;
    buffer[i] = x >> 16;
  }
  return buffer;
}

const framingHeader = (framing: Framing, length: number) =>
  framing === 'length' ? `Content-Length: ${length}` : 'Transfer-Encoding: chunked';

const framed = (framing: Framing, body: Buffer, chunkBytes = 10_000) =>
  framing === 'length' ? body : chunked(body, chunkBytes);

test.each(
  [0, 1, 65_536, 1_048_576, 1_048_577].flatMap((size) =>
    framings.map((framing) => ({ size, framing })),
  ),
)('a body of $size bytes in $framing, up and down', async ({ size, framing }) => {
  const body = bytes(size);
  const { proxy } = await startRawPair({
    onRequest: (request, connection) => {
      void request.completed.then(() => {
        connection.write(`HTTP/1.1 200 OK\r\n${framingHeader(framing, size)}\r\n\r\n`);
        connection.write(framed(framing, request.body));
      });
    },
  });
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`POST ${path}`, [framingHeader(framing, size)]).toString());
  await client.sendInPieces(framed(framing, body), 100_000);
  const answer = await client.answer();
  expect(answer.status).toBe(200);
  expect(answer.header('transfer-encoding')).toBe(framing === 'chunks' ? 'chunked' : undefined);
  expect(answer.body.equals(body)).toBe(true);
});

const block = bytes(1024 * 1024);
const blocks = 150;
const total = blocks * block.length;

/** Sends the blocks, waiting where the peer does not take them. */
async function sendBlocks(to: RawClient | RawConnection, framing: Framing): Promise<void> {
  const { socket } = to;
  const one = framing === 'length' ? block : chunked(block, 65_536).subarray(0, -5);
  for (let i = 0; i < blocks; i += 1) {
    socket.write(one);
    if (socket.writableNeedDrain) {
      await waitFor(() => !socket.writableNeedDrain || socket.destroyed, 'a drain');
    }
  }
  if (framing === 'chunks') socket.write('0\r\n\r\n');
}

function totalDigest(): string {
  const hash = createHash('sha256');
  for (let i = 0; i < blocks; i += 1) hash.update(block);
  return hash.digest('hex');
}

test.each(framings)('a body of 150 MiB in %s, up', async (framing) => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`PUT ${path}`, [framingHeader(framing, total)]).toString());
  await sendBlocks(client, framing);
  expect((await client.answer()).status).toBe(200);
  const request = await upstream.request();
  expect(request.bodyLength).toBe(total);
  expect(request.sha256).toBe(totalDigest());
});

test.each(framings)('a body of 150 MiB in %s, down', async (framing) => {
  const { proxy } = await startRawPair({
    onRequest: (_request, connection) => {
      connection.write(`HTTP/1.1 200 OK\r\n${framingHeader(framing, total)}\r\n\r\n`);
      void sendBlocks(connection, framing);
    },
  });
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`GET ${path}`).toString());
  const answer = await client.answer();
  expect(answer.bodyLength).toBe(total);
  expect(answer.sha256).toBe(totalDigest());
});
