// Whose connection is it? Without a key only this machine may call, and that is told by the connection itself: never by a header,
// and never by an address that is missing.
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import { connectRaw } from '../support/raw-http.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';
const all = Object.values(networkInterfaces()).flat();
/** This machine's address on a network: a connection to it comes from it. */
const ownAddress = all.find((one) => one && !one.internal && one.family === 'IPv4')?.address;

if (!ownAddress) {
  process.stderr.write('skipped: this machine is on no network, so no peer can come from one\n');
}

describe.skipIf(!ownAddress)('a peer from the network', () => {
  const listen = `${ownAddress}:0`;
  const allowed_hosts = ['localhost', ownAddress];

  test('is refused without a key, whatever its headers say, and served with one', async () => {
    const org = await startOrg();
    const key = makeClientKey();
    const proxy = await startProxy(org, {
      config: {
        listen,
        access: { allowed_hosts },
        clients: [{ name: 'remote', key_sha256: hashClientKey(key) }],
      },
    });
    for (const headers of [
      {},
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1;host=localhost' },
      { 'x-real-ip': '::1', 'x-client-ip': '127.0.0.1', 'true-client-ip': '127.0.0.1' },
      { authorization: `Bearer ${makeClientKey()}` },
    ]) {
      const answer = await fetch(proxy.url + limits, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('x-proxy-error')).toBe('client_unauthorized');
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
    expect(org.control.counts().requests).toBe(0);
    const known = await fetch(proxy.url + limits, { headers: { authorization: `Bearer ${key}` } });
    expect(known.status).toBe(200);
  });

  test('is served without a key only where anonymous is always', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, {
      config: { listen, access: { allowed_hosts, anonymous: 'always' } },
    });
    expect((await fetch(proxy.url + limits)).status).toBe(200);
    expect(proxy.eventsOf('open_to_network')).toEqual([
      { type: 'open_to_network', address: proxy.url },
    ]);
  });

  // A peer that resets its connection right behind its request has no address any more when it is looked at; a unix socket has
  // none either. The two were taken for each other, and any host on the network could write without a key.
  test('is not taken for a unix socket when it is gone at once', async () => {
    const org = await startOrg();
    const key = makeClientKey();
    const proxy = await startProxy(org, {
      config: {
        listen,
        access: { allowed_hosts },
        clients: [{ name: 'remote', key_sha256: hashClientKey(key) }],
      },
    });
    const headers = { authorization: `Bearer ${key}` };
    for (let i = 0; i < 20; i += 1) {
      // So that a connection to Salesforce stands ready, and a request would leave at once.
      await (await fetch(proxy.url + limits, { headers })).text();
      const client = await connectRaw({ port: proxy.port, host: ownAddress as string });
      client.socket.write(
        'DELETE /services/data/v67.0/sobjects/Account/001 HTTP/1.1\r\nHost: localhost\r\n\r\n',
      );
      client.reset();
      await waitFor(() => proxy.eventsOf('request').length === 2 * i + 2, 'the request to end');
    }
    const gone = proxy.eventsOf('request').filter(({ method }) => method === 'DELETE');
    // Whether it might have been anonymous nobody can tell any more; it is not told as a client without a key.
    expect(gone.map(({ error, status, cut }) => ({ error, status, cut }))).toEqual(
      Array(20).fill({ error: undefined, status: 0, cut: true }),
    );
    expect(org.control.executed().map(({ method }) => method)).not.toContain('DELETE');
  });
});

test('a loopback peer that is gone at once has left, and was not refused', async () => {
  const proxy = await startProxy(await startOrg());
  for (let i = 1; i <= 20; i += 1) {
    const client = await connectRaw({ port: proxy.port });
    client.socket.write(`GET ${limits} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    client.reset();
    await waitFor(() => proxy.eventsOf('request').length === i, 'the request to end');
  }
  const [first] = proxy.eventsOf('request');
  expect(first).toMatchObject({ path: limits, status: 0, cut: true });
  expect(proxy.eventsOf('request').flatMap(({ error }) => error ?? [])).toEqual([]);
});

test.each([
  ['0.0.0.0:0', {}, true],
  ['0.0.0.0:0', { clients: [{ name: 'one', key_sha256: 'a'.repeat(64) }] }, false],
  ['0.0.0.0:0', { access: { anonymous: 'never' } }, true],
  ['[::]:0', {}, true],
  ['127.0.0.1:0', {}, false],
  ['localhost:0', {}, false],
  ['[::1]:0', { access: { anonymous: 'always' } }, false],
])('listening on %s with %o warns: %s', async (listen, config, warns) => {
  const org = await startOrg();
  const proxy = await startProxy(org, { config: { listen, ...config }, withoutLogin: true });
  expect(proxy.eventsOf('open_to_network').length > 0).toBe(warns);
});

test('a unix socket counts as loopback: its file says who may use it', async () => {
  const org = await startOrg();
  const path = join(temporaryDirectory(), 'proxy.sock');
  const proxy = await startProxy(org, { config: { listen: `unix:${path}` } });
  expect(proxy.url).toBe(`unix:${path}`);
  const status = await new Promise((resolve, reject) => {
    request({ socketPath: path, path: limits, headers: { host: 'localhost' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  expect(proxy.eventsOf('open_to_network')).toEqual([]);
});

test('on a unix socket a key is needed where anonymous is never', async () => {
  const org = await startOrg();
  const path = join(temporaryDirectory(), 'proxy.sock');
  await startProxy(org, { config: { listen: `unix:${path}`, access: { anonymous: 'never' } } });
  const client = await connectRaw({ path });
  await client.send(`GET ${limits} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  expect((await client.answer()).status).toBe(401);
});
