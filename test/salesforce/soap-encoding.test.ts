import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { plainEnvelope } from '../../src/salesforce/soap-encoding.ts';

const xml = Buffer.from('<Envelope><Body><query/></Body></Envelope>');

test.each([
  [undefined, xml],
  ['', xml],
  ['identity', xml],
  ['gzip', gzipSync(xml)],
  [' GZip ', gzipSync(xml)],
  ['x-gzip', gzipSync(xml)],
  ['deflate', deflateSync(xml)],
])('%s is plain afterwards', async (encoding, bytes) => {
  expect((await plainEnvelope(bytes, encoding, 1024)).equals(xml)).toBe(true);
});

test('no body is none, whatever its encoding', async () => {
  expect(await plainEnvelope(Buffer.alloc(0), 'gzip', 1024)).toHaveLength(0);
});

test('what is not understood, or is broken, is refused', async () => {
  const refused = { code: 'bad_request' };
  await expect(plainEnvelope(xml, 'br', 1024)).rejects.toMatchObject(refused);
  await expect(plainEnvelope(xml, 'gzip, gzip', 1024)).rejects.toMatchObject(refused);
  await expect(plainEnvelope(xml, 'gzip', 1024)).rejects.toMatchObject(refused);
  await expect(plainEnvelope(gzipSync(xml).subarray(0, 20), 'gzip', 1024)).rejects.toMatchObject(
    refused,
  );
});

test('a bomb does not go off', async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  await expect(plainEnvelope(bomb, 'gzip', 64 << 10)).rejects.toMatchObject({
    code: 'body_too_large',
  });
});
