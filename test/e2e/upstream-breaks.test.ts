// Upstream that breaks, stalls or answers early. Before its answer has begun the client gets an error of ours; afterwards its
// connection is cut, so that no part of a body is ever taken for the whole. Seen on raw sockets at both ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import {
  answering,
  lanes,
  type OnRequest,
  ok,
  type RawConnection,
  type RawUpstream,
  startRawPair,
  startRawUpstream,
} from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { letTimePass, stopClock } from '../support/test-clock.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/sobjects/Account';
const post = requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}').toString();

/** After the bytes, what the connection does. */
const endings = [
  ['resets the connection', (connection: RawConnection) => connection.reset()],
  ['ends the connection', (connection: RawConnection) => connection.end()],
] as const;

function answerThen(bytes: string, then: (connection: RawConnection) => void): OnRequest {
  return (request, connection) => {
    void request.completed.then(() => {
      connection.write(bytes);
      // A reset would overtake bytes that are still on their way.
      setTimeout(() => then(connection), 20);
    });
  };
}

/** Longer than 300 ms pass while the clock is stopped, and whoever times upstream looks at it before and after. */
async function outlastTimeout(): Promise<void> {
  await sleep(100);
  letTimePass(1000);
  await sleep(350);
}

/** Until no more of an answer is taken. @returns how much was */
async function standstill({ connections }: RawUpstream): Promise<number> {
  let taken = -1;
  let looks = 0;
  await waitFor(() => {
    const { bytesWritten = 0, writableLength = 0 } = connections.at(-1)?.socket ?? {};
    looks = bytesWritten - writableLength === taken ? looks + 1 : 0;
    taken = bytesWritten - writableLength;
    return looks > 40 && writableLength > 0;
  }, 'upstream to stand still');
  return taken;
}

describe.each(lanes)('in the $lane lane', ({ lane, upstream: limits }) => {
  const start = (onRequest: OnRequest, upstream: Record<string, string> = {}) =>
    startRawPair({ proxy: { config: { upstream: { ...limits, ...upstream } } }, onRequest });

  test.each(endings)('upstream that %s without an answer is upstream_broken', async (_how, end) => {
    const { proxy, upstream } = await start(answerThen('', end));
    const client = await connectRaw(proxy);
    await client.send(post);
    const answer = await client.answer();
    expect(answer.status).toBe(502);
    expect(answer.header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(1);
    upstream.onRequest(answering(ok('next')));
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('next');
  });

  describe.each([
    ['a length', 'Content-Length: 100\r\n\r\nbeginning'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n9\r\nbeginning\r\n'],
    ['a chunk that is not whole', 'Transfer-Encoding: chunked\r\n\r\nff\r\nbeginning'],
  ])('in a body in %s', (_framing, text) => {
    test.each(endings)(
      'upstream %s: the client is cut, and nothing is appended',
      async (_how, end) => {
        const { proxy } = await start(answerThen(`HTTP/1.1 200 OK\r\n${text}`, end));
        const client = await connectRaw(proxy);
        await client.send(post);
        await client.waitForClose();
        expect(client.answers).toEqual([]);
        expect(client.partial.status).toBe(200);
        expect(client.partial.body.toString()).toBe('beginning');
        expect(client.text).not.toMatch(/\r\n0\r\n|x-proxy-error/);
      },
    );

    test.each(endings)(
      'upstream %s: an HTTP/1.0 client, too, sees that it is not whole',
      async (_how, end) => {
        const { proxy } = await start(answerThen(`HTTP/1.1 200 OK\r\n${text}`, end));
        const client = await connectRaw(proxy);
        await client.send(
          `POST ${path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`,
        );
        await waitFor(() => client.closed, 'the end of the connection');
        const isShort = client.partial.header('content-length') === '100';
        expect(isShort || client.error?.code === 'ECONNRESET').toBe(true);
      },
    );
  });

  test('an answer that breaks before its turn has come ends the connection at its turn', async () => {
    const held: RawConnection[] = [];
    const { proxy } = await start((request, connection) => {
      void request.completed.then(() => {
        if (request.target.endsWith('/first')) held.push(connection);
        else if (request.target.endsWith('/third')) connection.write(ok('third'));
        else {
          connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning');
          setTimeout(() => connection.reset(), 20);
        }
      });
    });
    const client = await connectRaw(proxy);
    const sent = ['first', 'second', 'third'].map((name) =>
      requestBytes(`POST ${path}/${name}`, ['Content-Length: 2'], '{}'),
    );
    await client.send(Buffer.concat(sent).toString());
    await waitFor(() => held.length === 1, 'the first request');
    await waitFor(() => proxy.eventsOf('request').length === 1, 'the end of the second');
    held[0]?.write(ok('first'));
    expect((await client.answer()).body.toString()).toBe('first');
    await client.waitForClose();
    expect(client.answers).toHaveLength(1);
    expect(client.text).not.toContain('third');
    await waitFor(() => proxy.eventsOf('request').length === 3, 'the end of all');
  });

  test('a client in HTTP/1.0 that ends its side in a body sees that it is not whole', async () => {
    const { proxy } = await start((_request, connection) =>
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbeginning\r\n'),
    );
    const client = await connectRaw(proxy);
    await client.send(`POST ${path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`);
    await waitFor(() => client.text.includes('beginning'), 'the beginning');
    client.socket.end();
    await waitFor(() => client.closed, 'the end of the connection');
    expect(client.error?.code).toBe('ECONNRESET');
  });

  test('a reset in a body that lasts until the connection ends is no end of it', async () => {
    const { proxy } = await start(
      answerThen('HTTP/1.1 200 OK\r\nX: 1\r\n\r\nbeginning', (connection) => connection.reset()),
    );
    const client = await connectRaw(proxy);
    await client.send(post);
    await client.waitForClose();
    expect(client.answers).toEqual([]);
    expect(client.text).toContain('beginning');
  });

  // It is looked at before any of it is sent: does it say that the session is dead?
  test.each([401, 403, 404, 500])('nor is it of an answer with status %d', async (status) => {
    const head = `HTTP/1.1 ${status} Oh\r\nX: 1\r\n\r\n`;
    const { proxy } = await start(
      answerThen(`${head}beginning`, (connection) => connection.reset()),
    );
    const client = await connectRaw(proxy);
    await client.send(post);
    await waitFor(() => client.closed || client.answers.length > 0, 'the end of it');
    for (const answer of client.answers) {
      expect(answer.header('x-proxy-error')).toBe('upstream_broken');
    }
  });

  test('no answer within response_timeout is upstream_timeout, and upstream is let go', async () => {
    stopClock();
    const { proxy, upstream } = await start(() => {}, { response_timeout: '300ms' });
    const client = await connectRaw(proxy);
    await client.send(post);
    const request = await upstream.request();
    await outlastTimeout();
    const answer = await client.answer();
    expect(answer.status).toBe(504);
    expect(answer.header('x-proxy-error')).toBe('upstream_timeout');
    const connection = upstream.connections.find(({ requests }) => requests.includes(request));
    await waitFor(() => connection?.closed === true, 'the end of the upstream connection');
  });

  test('upstream that stalls in the middle of its answer is noticed: the client is cut', async () => {
    stopClock();
    const { proxy } = await start(
      (_request, connection) =>
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning'),
      { response_timeout: '300ms' },
    );
    const client = await connectRaw(proxy);
    await client.send(post);
    await waitFor(() => client.text.includes('beginning'), 'the beginning');
    await outlastTimeout();
    await client.waitForClose();
    expect(client.partial.body.toString()).toBe('beginning');
  });

  test('a client that does not read for longer than response_timeout is no stalled upstream', async () => {
    stopClock();
    const size = 30_000_000;
    const { proxy, upstream } = await start(
      (_request, connection) => {
        connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        connection.write(Buffer.alloc(size));
      },
      { response_timeout: '300ms' },
    );
    const client = await connectRaw(proxy);
    client.socket.pause();
    await client.send(post);
    await upstream.request();
    await standstill(upstream);
    await outlastTimeout();
    client.socket.resume();
    expect((await client.answer()).bodyLength).toBe(size);
  });

  test('a reader that is slow slows upstream down: what is under way is bounded', async () => {
    const size = 100_000_000;
    const { proxy, upstream } = await start((_request, connection) => {
      connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      connection.write(Buffer.alloc(size));
    });
    const client = await connectRaw(proxy);
    client.socket.pause();
    await client.send(post);
    await upstream.request();
    // What the kernel holds on both connections, and a little of ours.
    expect(await standstill(upstream)).toBeLessThan(20_000_000);
    client.socket.resume();
    expect((await client.answer()).bodyLength).toBe(size);
  });

  test.each([
    ['a status under 100', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    [
      'another coding beside chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    [
      'chunks in HTTP/1.0',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc'],
    ['garbage', '\x16\x03\x01 this is no HTTP at all\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nbroken\r\n\r\n'],
    [
      'a control character in a header',
      'HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n',
    ],
    ['a control character in its reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
    ['a space in a header name', 'HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n'],
    ['a head of 100 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100 * 1024)}\r\n\r\n`],
    ['an endless interim answer', `HTTP/1.1 103 Hints\r\nLink: ${'x'.repeat(100 * 1024)}`],
    ['HTTP/2', 'HTTP/2 200\r\ncontent-length: 0\r\n\r\n'],
  ])('%s in its head costs that request, and nobody else', async (_what, bytes) => {
    const { proxy, upstream } = await start(answering(bytes));
    const client = await connectRaw(proxy);
    await client.send(post);
    const answer = await client.answer();
    expect(answer.status).toBe(502);
    expect(answer.header('x-proxy-error')).toBe('upstream_broken');
    upstream.onRequest(answering(ok('next')));
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('next');
    expect(proxy.eventsOf('bug')).toEqual([]);
  });

  test.each([
    ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n'],
    ['a chunk longer than it says', 'Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n'],
    [
      'a control character in a trailer',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: \x00\r\n\r\n',
    ],
  ])('%s costs that request: it is cut', async (_what, text) => {
    const { proxy, upstream } = await start(answering(`HTTP/1.1 200 OK\r\n${text}`));
    const client = await connectRaw(proxy);
    await client.send(post);
    await waitFor(() => client.ended || client.answers.length > 0, 'an end');
    // Never nothing at all: some clients take that for a request that was lost, and send it again.
    if (client.answers.length === 0) expect(client.partial.status).toBe(200);
    else expect(client.answers[0]?.header('x-proxy-error')).toBe('upstream_broken');
    upstream.onRequest(answering(ok('next')));
    const other = await connectRaw(proxy);
    await other.send(post);
    expect((await other.answer()).body.toString()).toBe('next');
    expect(proxy.eventsOf('bug')).toEqual([]);
  });

  test('bytes after the end of an answer are never the answer to the next request', async () => {
    const poison = ok('poison');
    const { proxy, upstream } = await start(answering(ok('first') + poison));
    const client = await connectRaw(proxy);
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('first');
    upstream.onRequest(answering(ok('second')));
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('second');
    expect(client.text).not.toContain('poison');
  });

  test.each([
    ['a status under 100', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['no HTTP at all', 'garbage\r\n\r\n'],
  ])(
    'a GET that was answered by %s on a connection that had served before is not sent again',
    async (_by, bytes) => {
      const { proxy, upstream } = await start(answering(ok('first')));
      const client = await connectRaw(proxy);
      await client.send(post);
      await client.answer();
      upstream.onRequest(answering(bytes));
      await client.send(requestBytes(`GET ${path}`).toString());
      expect((await client.answer()).header('x-proxy-error')).toBe('upstream_broken');
      expect(upstream.requests()).toHaveLength(2);
    },
  );

  test('an answer that comes unasked on an idle connection is never the answer to the next request', async () => {
    const { proxy, upstream } = await start(answering(ok('first')));
    const client = await connectRaw(proxy);
    await client.send(post);
    await client.answer();
    for (const connection of upstream.connections) connection.write(ok('poison'));
    upstream.onRequest(answering(ok('second')));
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('second');
  });

  test.each(['goes on reading', 'closes'])(
    'an early 413 reaches the client while it uploads, where upstream then %s',
    async (then) => {
      const size = lane === 'replay' ? 1_000_000 : 20_000_000;
      const { proxy, upstream } = await start((_request, connection) => {
        connection.write(
          'HTTP/1.1 413 Too Large\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntoo big',
        );
        if (then === 'closes') connection.socket.destroySoon();
      });
      const client = await connectRaw(proxy);
      await client.send(requestBytes(`POST ${path}`, [`Content-Length: ${size}`]).toString());
      await client.sendInPieces(Buffer.alloc(size), 100_000);
      const answer = await client.answer();
      expect(answer.status).toBe(413);
      expect(answer.body.toString()).toBe('too big');
      upstream.onRequest(answering(ok('next')));
      await client.send(post);
      expect((await client.answer()).body.toString()).toBe('next');
    },
  );
});

describe('in the stream lane, of an upload', () => {
  const start = (onRequest: OnRequest, responseTimeout = '300ms') =>
    startRawPair({
      proxy: { config: { upstream: { response_timeout: responseTimeout } } },
      onRequest,
    });
  const upload = (size: number) =>
    requestBytes(`POST ${path}`, [`Content-Length: ${size}`]).toString();

  test('a connection that breaks in its middle is upstream_broken, and the rest is no request', async () => {
    const { proxy, upstream } = await start((_request, connection) => {
      connection.socket.once('data', () => connection.reset());
    }, '30s');
    const client = await connectRaw(proxy);
    const size = 20_000_000;
    await client.send(upload(size));
    await client.sendInPieces(Buffer.alloc(size), 1_000_000);
    expect((await client.answer()).header('x-proxy-error')).toBe('upstream_broken');
    upstream.onRequest(answering(ok('next')));
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('next');
    expect(upstream.requests()).toHaveLength(2);
  });

  test('upstream that takes no more of it is noticed', async () => {
    const { proxy } = await start((_request, connection) => connection.socket.pause());
    const client = await connectRaw(proxy);
    await client.send(upload(50_000_000));
    client.socket.write(Buffer.alloc(50_000_000));
    const answer = await client.answer();
    expect(answer.header('x-proxy-error')).toBe('upstream_timeout');
  });

  test('upstream that is slow but does go on is not stalled, over TLS too', async () => {
    stopClock();
    const org = await startOrg();
    const upstream = await startRawUpstream({ tls: org.tls, onRequest: answering(ok('stored')) });
    org.control.instanceUrl(upstream.url);
    const proxy = await startProxy(org, {
      config: { upstream: { response_timeout: '400ms' } },
      org: { instance_hosts: [upstream.host] },
    });
    const client = await connectRaw(proxy);
    const size = 40_000_000;
    await client.send(upload(size));
    client.socket.write(Buffer.alloc(size));
    const request = await upstream.request();
    const connection = upstream.connections.find(({ requests }) => requests.includes(request));
    let pausedAt = 0;
    connection?.socket.on('data', () => {
      if (request.bodyLength < pausedAt + 5_000_000) return;
      pausedAt = request.bodyLength;
      connection.socket.pause();
      letTimePass(100);
      setTimeout(() => connection.socket.resume(), 150);
    });
    expect((await client.answer()).body.toString()).toBe('stored');
    expect(request.bodyLength).toBe(size);
  });

  test('a client that pauses is no stalled upstream', async () => {
    stopClock();
    const { proxy, upstream } = await start(answering(ok('stored')));
    const client = await connectRaw(proxy);
    await client.send(upload(2_000_000));
    await client.send(Buffer.alloc(1_500_000));
    const request = await upstream.request();
    await waitFor(() => request.bodyLength === 1_500_000, 'all before the pause');
    await outlastTimeout();
    await client.send(Buffer.alloc(500_000));
    expect((await client.answer()).body.toString()).toBe('stored');
  });

  test('a client that pauses after the answer has begun is no stalled upstream', async () => {
    stopClock();
    const { proxy, upstream } = await start((request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nst');
      void request.completed.then(() => connection.write('ored'));
    });
    const client = await connectRaw(proxy);
    await client.send(upload(2_000_000));
    await client.send(Buffer.alloc(1_500_000));
    const request = await upstream.request();
    await waitFor(() => request.bodyLength === 1_500_000, 'all before the pause');
    await waitFor(() => client.text.includes('\r\n\r\nst'), 'the beginning');
    await outlastTimeout();
    await client.send(Buffer.alloc(500_000));
    expect((await client.answer()).body.toString()).toBe('stored');
  });
});

describe('a connection that was idle and is closed under us', () => {
  /** Answers the first request of each connection, and resets it on the next. */
  const onceEach: OnRequest = (request, connection) => {
    void request.completed.then(() => {
      const own = connection.requests.filter(({ target }) => target.startsWith(path));
      if (own.length === 1) connection.write(ok(String(own.length)));
      else connection.reset();
    });
  };

  async function second(request: string) {
    const pair = await startRawPair({ onRequest: onceEach });
    const client = await connectRaw(pair.proxy);
    await client.send(request);
    await client.answer();
    await client.send(request);
    return { ...pair, answer: await client.answer() };
  }

  test('loses a GET, which is sent again once on a new connection', async () => {
    const { answer, upstream } = await second(requestBytes(`GET ${path}`).toString());
    expect(answer.status).toBe(200);
    expect(upstream.requests()).toHaveLength(3);
  });

  test.each([
    ['POST', post],
    ['DELETE', requestBytes(`DELETE ${path}`).toString()],
    ['GET that may write', requestBytes(`GET ${path}?_HttpMethod=DELETE`).toString()],
  ])('loses a %s, which is not sent again: it could be executed twice', async (_what, request) => {
    const { answer, upstream } = await second(request);
    expect(answer.header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(2);
  });

  test('a GET that is lost again is not sent a third time', async () => {
    const { proxy, upstream } = await startRawPair({ onRequest: onceEach });
    const client = await connectRaw(proxy);
    const get = requestBytes(`GET ${path}`).toString();
    await client.send(get);
    await client.answer();
    upstream.onRequest((_request, connection) => connection.reset());
    await client.send(get);
    expect((await client.answer()).header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(3);
  });

  test('a GET that is lost on a new connection is not sent again', async () => {
    const { proxy, upstream } = await startRawPair({
      onRequest: (_request, connection) => connection.reset(),
    });
    const client = await connectRaw(proxy);
    await client.send(requestBytes(`GET ${path}`).toString());
    expect((await client.answer()).header('x-proxy-error')).toBe('upstream_broken');
    expect(upstream.requests()).toHaveLength(1);
  });

  test('an upload never meets one: it has a connection of its own', async () => {
    const { proxy, upstream } = await startRawPair({
      proxy: { config: { upstream: { replay_body_limit: '0B' } } },
      onRequest: onceEach,
    });
    const client = await connectRaw(proxy);
    for (let i = 0; i < 3; i += 1) {
      await client.send(post);
      expect((await client.answer()).status).toBe(200);
    }
    expect(upstream.requests()).toHaveLength(3);
  });
});
