// A client that goes away ends all work for it, in whatever phase its request is: upstream's request is aborted, no
// connection stays, and nobody else notices.
import { describe, expect, test } from 'vitest';
import { connectRaw, type RawClient, requestBytes } from '../support/raw-http.ts';
import {
  lanes,
  ok,
  type RawPair,
  startRawPair,
  startRawUpstream,
} from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/sobjects/Account';
const post = requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}').toString();

/** The proxy keeps a connection of its own for its probe; a request that was aborted leaves none. */
async function upstreamIsAborted({ upstream }: RawPair): Promise<void> {
  const busy = () =>
    upstream.connections.filter(
      ({ closed, requests }) => !closed && requests.some(({ target }) => target.startsWith(path)),
    );
  await waitFor(() => busy().length === 0, 'the end of the upstream request');
}

const leavings = [
  ['ends its connection', (client: RawClient) => client.socket.destroy()],
  ['resets its connection', (client: RawClient) => client.reset()],
  ['half-closes: it is taken for gone', (client: RawClient) => client.socket.end()],
] as const;

describe.each(lanes)('in the $lane lane', ({ upstream: limits }) => {
  const proxy = { config: { upstream: limits } };

  test.each(leavings)('while the answer is awaited, a client %s', async (_how, leave) => {
    const pair = await startRawPair({ proxy, onRequest: () => {} });
    const client = await connectRaw(pair.proxy);
    await client.send(post);
    await pair.upstream.request();
    leave(client);
    await upstreamIsAborted(pair);
    await waitFor(() => pair.proxy.eventsOf('request').length === 1, 'its line in the access log');
    expect(pair.proxy.eventsOf('request')[0]).toMatchObject({ status: 0, cut: true });
  });

  test.each(leavings)(
    'while a 401 is looked at, a client %s, and nobody else',
    async (_how, leave) => {
      const pair = await startRawPair({
        proxy,
        onRequest: (_request, connection) =>
          connection.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n[{"mess'),
      });
      const client = await connectRaw(pair.proxy);
      await client.send(post);
      await pair.upstream.request();
      leave(client);
      await waitFor(
        () => pair.proxy.eventsOf('request').length === 1,
        'its line in the access log',
      );
      expect(pair.proxy.eventsOf('request')[0]).toMatchObject({ cut: true, error: undefined });
    },
  );

  test.each(leavings)('in the middle of a download, a client %s', async (_how, leave) => {
    const pair = await startRawPair({
      proxy,
      onRequest: (_request, connection) =>
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning'),
    });
    const client = await connectRaw(pair.proxy);
    await client.send(post);
    await waitFor(() => client.text.includes('beginning'), 'the beginning');
    leave(client);
    await upstreamIsAborted(pair);
  });

  test('in the middle of a download that it does not read', async () => {
    const pair = await startRawPair({
      proxy,
      onRequest: (_request, connection) => {
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
        connection.write(Buffer.alloc(100_000_000));
      },
    });
    const client = await connectRaw(pair.proxy);
    client.socket.pause();
    await client.send(post);
    const { upstream } = pair;
    await waitFor(() => (upstream.connections.at(-1)?.socket.bytesWritten ?? 0) > 0, 'a download');
    let before = -1;
    const written = () => upstream.connections.at(-1)?.socket.writableLength ?? 0;
    await waitFor(() => {
      const isStill = written() === before;
      before = written();
      return isStill;
    }, 'back-pressure');
    client.reset();
    await upstreamIsAborted(pair);
  });
});

test('a client that leaves before there is a session causes no request, and the login goes on for others', async () => {
  const org = await startOrg();
  const upstream = await startRawUpstream();
  const login = await startRawUpstream({ tls: org.tls, onRequest: () => {} });
  const proxy = await startProxy(org, {
    withoutLogin: true,
    org: { instance_hosts: [upstream.host], token_url: `${login.url}/services/oauth2/token` },
  });
  const [leaving, staying] = [await connectRaw(proxy), await connectRaw(proxy)];
  await leaving.send(requestBytes(`GET ${path}?leaving`).toString());
  await staying.send(requestBytes(`GET ${path}?staying`).toString());
  leaving.reset();
  await waitFor(() => proxy.eventsOf('request').length === 1, 'its line in the access log');
  expect(proxy.eventsOf('logged_in')).toEqual([]);
  await login.request();
  const session = { access_token: '00D!x', instance_url: upstream.url };
  login.connections[0]?.write(ok(JSON.stringify(session)));
  expect((await staying.answer()).status).toBe(200);
  expect(upstream.requests().map(({ target }) => target)).toEqual([`${path}?staying`]);
  expect(login.requests()).toHaveLength(1);
});

test.each([
  ['with a length', ['Content-Length: 50000000']],
  ['in chunks', ['Transfer-Encoding: chunked']],
])('a client that leaves in the middle of an upload %s leaves it broken', async (_how, framing) => {
  const pair = await startRawPair();
  const client = await connectRaw(pair.proxy);
  await client.send(requestBytes(`POST ${path}`, framing).toString());
  const piece = Buffer.alloc(2_000_000, 'x');
  if (framing[0]?.startsWith('T')) {
    await client.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
  } else {
    await client.send(piece);
  }
  await pair.upstream.request();
  client.reset();
  await upstreamIsAborted(pair);
  expect(pair.upstream.requests()[0]?.isComplete).toBe(false);
});

test('a client that leaves before its small body is whole causes no request at all', async () => {
  const pair = await startRawPair();
  const client = await connectRaw(pair.proxy);
  await client.send(requestBytes(`POST ${path}`, ['Content-Length: 10'], '{').toString());
  client.reset();
  await waitFor(() => pair.proxy.eventsOf('request').length === 1, 'its line in the access log');
  expect(pair.upstream.requests()).toEqual([]);
  expect(pair.proxy.eventsOf('bug')).toEqual([]);
});

test('requests sent ahead end with their client too', async () => {
  const pair = await startRawPair({
    // The first is never answered, so that no other can be.
    onRequest: ({ target }, connection) => {
      if (target !== `${path}?0`) connection.write(ok('x'.repeat(500_000)));
    },
  });
  const client = await connectRaw(pair.proxy);
  const targets = [0, 1, 2, 3, 4].map((i) => `${path}?${i}`);
  await client.send(targets.map((target) => requestBytes(`GET ${target}`).toString()).join(''));
  await waitFor(() => pair.upstream.requests().length === 5, 'all five');
  client.reset();
  await waitFor(() => pair.proxy.eventsOf('request').length === 5, 'their lines in the access log');
  await waitFor(
    () =>
      pair.upstream.connections.filter(
        (one) => !one.closed && one.requests.some(({ target }) => target.endsWith('?0')),
      ).length === 0,
    'the end of the first',
  );
});

test('50 uploads at once, 20 clients vanish midway: 30 answers, no connection left, no unhandled rejection', async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', note);
  const pair = await startRawPair();
  const { upstream, proxy } = pair;
  const length = 2_000_000;
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectRaw(proxy)));
  const half = Buffer.alloc(length / 2, 'x');
  await Promise.all(
    clients.map(async (client) => {
      await client.send(requestBytes(`POST ${path}`, [`Content-Length: ${length}`]).toString());
      client.socket.write(half);
    }),
  );
  await waitFor(() => upstream.requests().length >= 20, 'the first uploads');
  clients.forEach((client, i) => {
    if (i % 5 < 2) client.reset();
    else client.socket.write(half);
  });
  const answers = await Promise.all(
    clients.filter((_, i) => i % 5 >= 2).map((client) => client.answer()),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
  await waitFor(() => proxy.eventsOf('request').length === 50, 'all lines of the access log');
  // That of the replay lane, which has looked whether the session lives, stays for a while.
  await waitFor(
    () =>
      upstream.connections.filter(
        (one) => !one.closed && one.requests.some(({ target }) => target === path),
      ).length === 0,
    'the end of all uploads',
  );
  expect(upstream.requests().filter(({ isComplete }) => isComplete)).toHaveLength(30);
  process.off('unhandledRejection', note);
  expect(rejections).toEqual([]);
  expect(proxy.eventsOf('bug')).toEqual([]);
});
