// Connections to Salesforce that serve one request after the other: which go on and which end, who gets one when all are taken,
// and what becomes of a request whose connection was closed under it. On raw sockets at both ends.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { processWarnings } from '../support/process-warnings.ts';
import { connectRaw, type RawClient, requestBytes } from '../support/raw-http.ts';
import {
  answering,
  type OnRequest,
  ok,
  type RawConnection,
  type RawPair,
  startRawPair,
  startRawUpstream,
} from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { letTimePass } from '../support/test-clock.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/sobjects/Account';
const bodiless = (method: string, target = path) => requestBytes(`${method} ${target}`).toString();
const get = bodiless('GET');
const post = requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}').toString();

/** A quarter of them, but at least one, is for uploads: one is left. */
const oneConnection = { config: { upstream: { max_connections: '2' } } };

/** Those that have served clients. */
function serving({ upstream }: Pick<RawPair, 'upstream'>): RawConnection[] {
  return upstream.connections.filter(({ requests }) =>
    requests.some(({ target }) => target.startsWith(path)),
  );
}

async function answerTo(client: RawClient, request: string) {
  await client.send(request);
  return client.answer();
}

describe('a connection', () => {
  test.each([
    ['a length', 'GET', ok('one')],
    ['no bytes', 'GET', ok('')],
    ['chunks', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
    ['204', 'DELETE', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304 and a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
    ['the head alone', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'],
    ['the head alone, without a length', 'HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['an interim answer before', 'GET', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`],
    ['an error', 'GET', ok('x').replace('200 OK', '500 Oh')],
    ['a time', 'GET', ok('x', 'Keep-Alive: timeout=5, max=100\r\n')],
  ])('goes on after %s', async (_what, method, answer) => {
    const pair = await startRawPair({ onRequest: answering(answer) });
    const client = await connectRaw(pair.proxy);
    for (let i = 0; i < 3; i += 1) await answerTo(client, bodiless(method));
    pair.upstream.onRequest(answering(ok('next')));
    expect((await answerTo(client, get)).body.toString()).toBe('next');
    expect(serving(pair)).toHaveLength(1);
  });

  test.each([
    ['Connection: close', 'GET', ok('x', 'Connection: close\r\n')],
    ['close among others', 'GET', ok('x', 'Connection: x-a, Close\r\n')],
    ['HTTP/1.0', 'GET', ok().replace('HTTP/1.1', 'HTTP/1.0')],
    [
      'HTTP/1.0 that would go on',
      'GET',
      ok('x', 'Connection: keep-alive\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
    ],
    ['bytes behind the answer', 'GET', `${ok()}\r\n`],
    ['an answer behind the answer', 'GET', ok() + ok('poison')],
    ['a body behind 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\npoison'],
    ['a body behind the head alone', 'HEAD', ok('poison')],
    ['no time at all', 'GET', ok('x', 'Keep-Alive: timeout=0\r\n')],
    ['less time than is safe', 'GET', ok('x', 'Keep-Alive: timeout=1\r\n')],
  ])('ends after %s', async (_what, method, answer) => {
    const pair = await startRawPair({ onRequest: answering(answer) });
    const client = await connectRaw(pair.proxy);
    expect((await answerTo(client, bodiless(method))).status).toBeLessThan(300);
    await waitFor(() => serving(pair)[0]?.closed === true, 'its end');
    pair.upstream.onRequest(answering(ok('next')));
    expect((await answerTo(client, get)).body.toString()).toBe('next');
    expect(serving(pair)).toHaveLength(2);
    expect(client.text).not.toContain('poison');
  });

  test('ends with the body that lasts until then', async () => {
    const pair = await startRawPair({
      onRequest: (_request, connection) => connection.end('HTTP/1.1 200 OK\r\n\r\nall of it'),
    });
    const client = await connectRaw(pair.proxy);
    expect((await answerTo(client, get)).body.toString()).toBe('all of it');
    pair.upstream.onRequest(answering(ok('next')));
    expect((await answerTo(client, get)).body.toString()).toBe('next');
    expect(serving(pair)).toHaveLength(2);
  });

  test('ends when upstream has said how long it keeps it, before that time is over', async () => {
    const pair = await startRawPair({ onRequest: answering(ok('x', 'Keep-Alive: timeout=2\r\n')) });
    await answerTo(await connectRaw(pair.proxy), get);
    await waitFor(() => serving(pair)[0]?.closed === true, 'its end');
  });

  // Upstream may close it just as the request comes, and only a GET could then be sent again.
  test.each([
    ['is used for a GET', get, 1],
    ['is not used for a POST', post, 2],
  ])('that was idle for 5 s %s', async (_what, request, connections) => {
    const pair = await startRawPair({
      onRequest: answering(ok()),
      proxy: { org: { policy: 'legacy' } },
    });
    const client = await connectRaw(pair.proxy);
    await answerTo(client, get);
    letTimePass(5000);
    expect((await answerTo(client, request)).status).toBe(200);
    expect(serving(pair)).toHaveLength(connections);
  });

  test('ends with the proxy, also that of a request that was repeated', async () => {
    const org = await startOrg();
    // A handshake takes some turns, in which there is no connection at all.
    const upstream = await startRawUpstream({ tls: org.tls, onRequest: closingEverySecond() });
    org.control.instanceUrl(upstream.url);
    const proxy = await startProxy(org, { org: { instance_hosts: [upstream.host] } });
    const client = await connectRaw(proxy);
    for (let i = 0; i < 3; i += 1) expect((await answerTo(client, get)).status).toBe(200);
    await proxy.close();
    await waitFor(() => upstream.openConnections() === 0, 'the end of all connections');
  });
});

/** The second request on each connection meets its end. */
function closingEverySecond(
  close = (connection: RawConnection) => connection.end(),
  answer = ok('kept', 'Keep-Alive: timeout=600\r\n'),
): OnRequest {
  return (request, connection) => {
    void request.completed.then(() => {
      if (connection.requests.length % 2 === 0) close(connection);
      else connection.write(answer);
    });
  };
}

describe.each<[how: string, close: (connection: RawConnection) => void]>([
  ['ends', (connection) => connection.end()],
  ['resets', (connection) => connection.reset()],
])('where upstream %s a kept connection as a request comes,', (_how, close) => {
  async function startClosing(onRequest: OnRequest = closingEverySecond(close)) {
    const pair = await startRawPair({ onRequest, proxy: { org: { policy: 'legacy' } } });
    const client = await connectRaw(pair.proxy);
    expect((await answerTo(client, get)).status).toBe(200);
    return { ...pair, client };
  }

  test.each(['GET', 'HEAD'])('%s is sent once more, on a new one', async (method) => {
    const pair = await startClosing();
    const answer = await answerTo(pair.client, bodiless(method));
    expect(answer.status).toBe(200);
    expect(pair.upstream.requests().map((request) => request.method)).toEqual([
      'GET',
      method,
      method,
    ]);
    expect(serving(pair)).toHaveLength(2);
  });

  test('a GET is not sent a third time', async () => {
    const { client, upstream } = await startClosing();
    upstream.onRequest((_request, connection) => close(connection));
    expect((await answerTo(client, get)).header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(3);
  });

  test('a GET is not repeated where a part of its answer has come', async () => {
    const { client, upstream } = await startClosing(
      closingEverySecond((connection) => connection.end('HTTP/1.1 200')),
    );
    expect((await answerTo(client, get)).header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(2);
  });

  test.each([
    ['POST', post],
    ['PUT', post.replace('POST', 'PUT')],
    ['PATCH', post.replace('POST', 'PATCH')],
    ['POST without a body', bodiless('POST')],
    ['DELETE', bodiless('DELETE')],
    ['GET of Apex REST', bodiless('GET', '/services/apexrest/hook')],
    ['GET that says it is another method', bodiless('GET', `${path}?_HttpMethod=PATCH`)],
    ['GET that says so in disguise', bodiless('GET', `${path}?%5FHttp%4dethod=PATCH`)],
    ...['X-HTTP-Method-Override', 'X_HTTP_Method', 'x-method-override'].map(
      (name): [string, string] => [
        `GET with ${name}`,
        requestBytes(`GET ${path}`, [`${name}: PATCH`]).toString(),
      ],
    ),
    [
      'GET that runs code',
      bodiless('GET', '/services/data/v67.0/tooling/executeAnonymous/?anonymousBody=x'),
    ],
  ])('%s is sent once, since it may have been executed', async (_what, request) => {
    const { client, upstream } = await startClosing();
    expect((await answerTo(client, request)).header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(2);
  });
});

describe('a server that', () => {
  test.each<[what: string, greet: (socket: Socket) => void, error: RegExp]>([
    ['speaks first, and waits', (socket) => socket.write('220 ready\r\n'), /^upstream_broken$/],
    ['closes at once', (socket) => socket.end(), /^upstream_broken$/],
    // It may be known before the connection counts as one.
    ['resets at once', (socket) => socket.resetAndDestroy(), /^upstream_(broken|unreachable)$/],
  ])('%s costs the request, and is not asked again and again', async (_what, greet, error) => {
    const org = await startOrg();
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => {});
      socket.resume();
      onTestFinished(() => {
        socket.destroy();
      });
      greet(socket);
    });
    onTestFinished(() => {
      server.close();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    org.control.instanceUrl(`http://${host}`);
    const proxy = await startProxy(org, { org: { instance_hosts: [host] } });
    const before = connections;
    const client = await connectRaw(proxy);
    for (const request of [post, get]) {
      expect((await answerTo(client, request)).header('x-proxy-error')).toMatch(error);
    }
    expect(connections - before).toBe(2);
  });
});

describe('when all connections are taken', () => {
  /** The first request has the only connection, and is not answered. */
  async function startTaken() {
    const pair = await startRawPair({ proxy: oneConnection, onRequest: () => {} });
    const first = await connectRaw(pair.proxy);
    await first.send(`${get}`);
    await pair.upstream.request();
    pair.upstream.onRequest(answering(ok('next')));
    return { ...pair, first };
  }

  test('a request waits for the first that is free', async () => {
    const pair = await startTaken();
    const next = await connectRaw(pair.proxy);
    await next.send(post);
    serving(pair)[0]?.write(ok('first'));
    expect((await pair.first.answer()).body.toString()).toBe('first');
    expect((await next.answer()).body.toString()).toBe('next');
    expect(serving(pair)).toHaveLength(1);
  });

  test('a client that leaves while it waits is passed over', async () => {
    const pair = await startTaken();
    const leaving = await connectRaw(pair.proxy);
    await leaving.send(bodiless('GET', `${path}?leaving`));
    leaving.reset();
    await waitFor(() => pair.proxy.eventsOf('request').length === 1, 'its line in the access log');
    const next = await connectRaw(pair.proxy);
    await next.send(post);
    serving(pair)[0]?.write(ok('first'));
    expect((await next.answer()).body.toString()).toBe('next');
    expect(pair.upstream.requests().map(({ target }) => target)).toEqual([path, path]);
  });

  test.each<[phase: string, beginning: string]>([
    ['before its answer', ''],
    ['in its head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['in its body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning'],
    ['in a body that it must look into', 'HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n[{"mess'],
  ])('a client that leaves %s frees its place', async (_phase, beginning) => {
    const pair = await startTaken();
    const [connection] = serving(pair);
    connection?.write(beginning);
    if (beginning.includes('beginning')) {
      await waitFor(() => pair.first.text.includes('beginning'), 'the beginning');
    }
    const next = await connectRaw(pair.proxy);
    await next.send(post);
    pair.first.reset();
    expect((await next.answer()).body.toString()).toBe('next');
    expect(connection?.closed).toBe(true);
  });

  test('a client that leaves in a body that it does not read frees its place', async () => {
    const pair = await startTaken();
    pair.first.socket.pause();
    const [connection] = serving(pair);
    connection?.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    connection?.write(Buffer.alloc(100_000_000));
    let before = -1;
    await waitFor(() => {
      const left = connection?.socket.writableLength ?? 0;
      const isStill = left === before;
      before = left;
      return isStill;
    }, 'back-pressure');
    pair.first.reset();
    const next = await connectRaw(pair.proxy);
    expect((await answerTo(next, post)).body.toString()).toBe('next');
  });
});

test('an answer that comes before its request was taken is whole, and so is the next', async () => {
  const size = 1_000_000;
  const pair = await startRawPair({
    proxy: oneConnection,
    onRequest: (_request, connection) => {
      connection.socket.pause();
      connection.write(ok('early'));
    },
  });
  const client = await connectRaw(pair.proxy);
  await client.send(requestBytes(`POST ${path}`, [`Content-Length: ${size}`]).toString());
  await client.sendInPieces(Buffer.alloc(size, 'x'), 100_000);
  expect((await client.answer()).body.toString()).toBe('early');
  pair.upstream.onRequest(answering(ok('next')));
  await client.send(post);
  serving(pair)[0]?.socket.resume();
  expect((await client.answer()).body.toString()).toBe('next');
  expect(pair.upstream.requests().map(({ bodyLength }) => bodyLength)).toEqual([size, 2]);
  expect(serving(pair)).toHaveLength(1);
});

describe('how long a body is that has no bytes:', () => {
  test.each(['GET', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'])(
    'a %s that says 0 arrives so',
    async (method) => {
      const { proxy, upstream } = await startRawPair();
      const client = await connectRaw(proxy);
      const request = requestBytes(`${method} ${path}`, ['Content-Length: 0']).toString();
      expect((await answerTo(client, request)).status).toBe(200);
      expect(upstream.requests()[0]?.all('content-length')).toEqual(['0']);
    },
  );

  test.each(['POST', 'PUT', 'PATCH'])('a %s that says nothing arrives with 0', async (method) => {
    const { proxy, upstream } = await startRawPair();
    const client = await connectRaw(proxy);
    expect((await answerTo(client, bodiless(method))).status).toBe(200);
    expect(upstream.requests()[0]?.all('content-length')).toEqual(['0']);
    expect(upstream.requests()[0]?.header('transfer-encoding')).toBeUndefined();
  });
});

// RFC 9110 section 8.6: no length is sent in an interim answer. A client that heeds it takes the next answer for a body.
test('the length that an interim answer has against the rules does not reach the client', async () => {
  const { proxy } = await startRawPair({
    onRequest: answering(`HTTP/1.1 103 Early Hints\r\nContent-Length: 40\r\n\r\n${ok()}`),
  });
  const client = await connectRaw(proxy);
  await answerTo(client, get);
  const interim = client.answers.filter(({ status }) => status < 200);
  expect(interim.flatMap((answer) => answer.all('content-length'))).toEqual([]);
});

test('after the org has moved no connection to its old instance stays', async () => {
  const edge = 'HTTP/1.1 420 Gone\r\nKeep-Alive: timeout=2\r\nContent-Length: 4\r\n\r\ngone';
  const org = await startOrg();
  const [old, moved] = [await startRawUpstream(), await startRawUpstream()];
  org.control.instanceUrl(old.url);
  const proxy = await startProxy(org, { org: { instance_hosts: [old.host, moved.host] } });
  const clients = await Promise.all(Array.from({ length: 5 }, () => connectRaw(proxy)));
  await Promise.all(clients.map((client) => answerTo(client, get)));
  expect(old.openConnections()).toBeGreaterThan(1);
  old.onRequest(answering(edge));
  org.control.instanceUrl(moved.url);
  const answers = await Promise.all(clients.map((client) => answerTo(client, post)));
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
  expect(moved.requests()).toHaveLength(5);
  await waitFor(() => old.openConnections() === 0, 'the end of the old connections');
});

test('1,000 requests of all outcomes: no warning, nothing left open, and the next is served', async () => {
  const warnings = processWarnings();
  const outcomes: OnRequest[] = [
    answering(ok('whole')),
    answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n'),
    answering('HTTP/1.1 204 No Content\r\n\r\n'),
    answering(ok('last', 'Connection: close\r\n')),
    answering(ok('more') + ok('poison')),
    answering(ok('whole')),
    answering('garbage\r\n\r\n'),
    answering(ok('whole')),
    (_request, connection) => connection.end(),
    answering(ok('whole')),
    (_request, connection) => connection.reset(),
    (_request, connection) => connection.end('HTTP/1.1 200 OK\r\n\r\nuntil close'),
    (_request, connection) => connection.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'),
    // The client leaves.
    (_request, connection) => connection.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nleave'),
  ];
  const pair = await startRawPair({
    proxy: { config: { upstream: { max_connections: '8' } } },
    onRequest: (request, connection) => {
      const number = Number(request.target.split('?')[1]);
      void request.completed.then(() => outcomes[number % outcomes.length]?.(request, connection));
    },
  });
  let done = 0;
  const work = async (worker: number) => {
    let client = await connectRaw(pair.proxy);
    for (let i = 0; i < 100; i += 1) {
      if (client.closed || client.ended) client = await connectRaw(pair.proxy);
      const method = i % 3 === 0 ? 'GET' : 'POST';
      const now = client.answers.length;
      await client.send(bodiless(method, `${path}?${i * 10 + worker}`));
      await waitFor(
        () => client.answers.length > now || client.ended || client.text.endsWith('leave'),
        'an outcome',
      );
      if (client.text.endsWith('leave')) {
        client.reset();
        await waitFor(() => client.closed, 'its end');
      }
      expect(client.text).not.toContain('poison');
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, worker) => work(worker)));
  expect(done).toBe(1000);
  expect(warnings).toEqual([]);
  expect(pair.proxy.eventsOf('bug')).toEqual([]);
  pair.upstream.onRequest(answering(ok('next', 'Connection: close\r\n')));
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(pair.proxy)));
  const answers = await Promise.all(clients.map((client) => answerTo(client, post)));
  expect(answers.map((answer) => answer.body.toString())).toEqual(Array(20).fill('next'));
  await waitFor(() => pair.upstream.openConnections() === 0, 'the end of all connections');
});
