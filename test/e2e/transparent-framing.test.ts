// Where messages begin and end, on raw sockets at both ends: HEAD, 204, 304 and interim answers, lengths and chunks,
// trailers, HTTP/1.0, keep-alive, pipelining, 100-continue, and heads as large as Salesforce takes them.
import { describe, expect, test } from 'vitest';
import { processWarnings } from '../support/process-warnings.ts';
import { chunked, connectRaw, requestBytes } from '../support/raw-http.ts';
import { answering, lanes, ok, type RawConnection, startRawPair } from '../support/raw-upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/sobjects/Account';
const post = requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}').toString();

describe.each(lanes)('in the $lane lane', ({ upstream: limits }) => {
  const start = (answer: string, more: Partial<Parameters<typeof startRawPair>[0]> = {}) =>
    startRawPair({
      proxy: { config: { upstream: limits } },
      onRequest: answering(answer),
      ...more,
    });

  async function exchange(answer: string, request = post) {
    const pair = await start(answer);
    const client = await connectRaw(pair.proxy);
    await client.send(request);
    const message = await client.answer();
    return { ...pair, client, message };
  }

  test.each([
    ['204 without a length', 'HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n'],
    [
      '304 with the length of what it stands for',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    ],
  ])('a %s has no body, and the connection goes on', async (_what, answer) => {
    const { client, message, upstream } = await exchange(answer);
    expect(`${message.head}\r\n\r\n`).toContain(answer.split('\r\n\r\n')[0]);
    expect(message.header('transfer-encoding')).toBeUndefined();
    upstream.onRequest(answering(ok('next')));
    await client.send(post);
    expect((await client.answer()).body.toString()).toBe('next');
    expect(client.rest).toBe('');
  });

  test('chunks come as chunks, and trailers with them', async () => {
    const body = chunked(Buffer.from('hello world'), 4, 'X-Sum: 1\r\nSet-Cookie: no=1\r\n');
    const { message } = await exchange(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${body}`,
    );
    expect(message.body.toString()).toBe('hello world');
    expect(message.header('content-length')).toBeUndefined();
    expect(message.trailers).toEqual([['X-Sum', '1']]);
  });

  test('the head of an answer reaches the client before there is a body', async () => {
    let connection: RawConnection | undefined;
    const { proxy } = await start('', {
      onRequest: (_request, came) => {
        connection = came;
        came.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
      },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    await waitFor(() => client.text.includes('\r\n\r\n'), 'the head');
    connection?.write('hello');
    expect((await client.answer()).body.toString()).toBe('hello');
  });

  test('a body that ends with the connection arrives in chunks', async () => {
    const { proxy } = await start('', {
      onRequest: (request, connection) => {
        void request.completed.then(() =>
          connection.end('HTTP/1.1 200 OK\r\nX: 1\r\n\r\nall of it'),
        );
      },
    });
    const client = await connectRaw(proxy);
    await client.send(post);
    const message = await client.answer();
    expect(message.body.toString()).toBe('all of it');
    expect(message.header('transfer-encoding')).toBe('chunked');
  });

  test('an answer in HTTP/1.0 is an answer', async () => {
    const { message } = await exchange('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(message.body.toString()).toBe('ok');
  });

  test('an HTTP/1.0 client gets a body without chunks, then the end of the connection', async () => {
    const { proxy, upstream } = await start(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    const client = await connectRaw(proxy);
    await client.send(`POST ${path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`);
    await client.waitForClose();
    expect(client.text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nx-request-id: .*\r\nConnection: close\r\n\r\nhello$/,
    );
    expect(upstream.requests()[0]?.startLine).toMatch(/ HTTP\/1\.1$/);
  });

  test('103 reaches the client before the answer; other interim answers do no harm', async () => {
    const interim =
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: odd\r\nSet-Cookie: a=1\r\n\r\n';
    const { client, message } = await exchange(interim + ok('done'));
    expect(message.body.toString()).toBe('done');
    expect(client.answers.map(({ status }) => status)).toEqual([102, 103, 200]);
    expect(client.answers[1]?.headers).toEqual([
      ['Link', '</a.css>; rel=preload'],
      ['Link', 'odd'],
    ]);
  });

  test('no interim answer reaches an HTTP/1.0 client', async () => {
    const { proxy } = await start(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`);
    const client = await connectRaw(proxy);
    await client.send(`POST ${path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`);
    await client.waitForClose();
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('100, which nobody asked for, is left out', async () => {
    const { message } = await exchange(`HTTP/1.1 100 Continue\r\n\r\n${ok('done')}`);
    expect(message.status).toBe(200);
    expect(message.body.toString()).toBe('done');
  });

  test('101, which nobody asked for, is a broken answer', async () => {
    const { message, client } = await exchange(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI',
    );
    expect(message.header('x-proxy-error')).toBe('upstream_broken');
    expect(client.rest).toBe('');
  });

  test('one connection serves one request after the other, without a warning', async () => {
    const warnings = processWarnings();
    const { proxy, upstream } = await start('');
    upstream.onRequest((request, connection) => {
      void request.completed.then(() => connection.write(ok(request.body.toString())));
    });
    const client = await connectRaw(proxy);
    for (const body of Array.from({ length: 30 }, (_, i) => `body ${i}`)) {
      await client.send(
        requestBytes(`POST ${path}`, [`Content-Length: ${body.length}`], body).toString(),
      );
      expect((await client.answer()).body.toString()).toBe(body);
    }
    expect(warnings).toEqual([]);
  });

  test('20 requests sent ahead are answered in their order, without a warning', async () => {
    const warnings = processWarnings();
    const { proxy, upstream } = await start('');
    const later: (() => void)[] = [];
    upstream.onRequest((request, connection) => {
      void request.completed.then(() => {
        const answer = () => connection.write(ok(request.body.toString()));
        // The first to arrive is the last to be answered.
        if (request.body.toString() === '10') later.push(answer);
        else answer();
      });
    });
    const client = await connectRaw(proxy);
    const bodies = Array.from({ length: 20 }, (_, i) => String(i + 10));
    await client.send(
      bodies
        .map((body) => requestBytes(`POST ${path}`, ['Content-Length: 2'], body).toString())
        .join(''),
    );
    await waitFor(() => upstream.requests().length === 20, 'all requests');
    later[0]?.();
    for (const body of bodies) expect((await client.answer()).body.toString()).toBe(body);
    expect(warnings).toEqual([]);
  });

  describe('Expect: 100-continue', () => {
    const expecting = (length: number) =>
      requestBytes(`POST ${path}`, [
        'Expect: 100-continue',
        `Content-Length: ${length}`,
      ]).toString();

    test.each([2, 3_000_000])('is answered before the body of %i bytes is sent', async (length) => {
      const { proxy, upstream } = await start(ok('stored'));
      const client = await connectRaw(proxy);
      await client.send(expecting(length));
      await waitFor(() => client.text.includes('\r\n\r\n'), 'an interim answer');
      expect(client.text).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      await client.send(Buffer.alloc(length, 'x'));
      expect((await client.answer()).body.toString()).toBe('stored');
      expect(upstream.requests()[0]?.bodyLength).toBe(length);
      expect(upstream.requests()[0]?.header('expect')).toBeUndefined();
    });

    test('is refused by the answer itself, and the connection ends, since a body may follow or not', async () => {
      const { proxy } = await start(ok());
      const client = await connectRaw(proxy);
      await client.send(expecting(2).replace(path, '/not/proxied'));
      expect((await client.answer()).status).toBe(404);
      await client.waitForClose();
      expect(client.text).not.toContain('100 Continue');
    });
  });

  test('a request target of 16,384 bytes arrives as it was sent', async () => {
    const target = `/services/data/v67.0/query?q=${'x'.repeat(16_384 - 29)}`;
    expect(target.length).toBe(16_384);
    const { upstream, message } = await exchange(
      ok(),
      requestBytes(
        `POST ${target}`,
        [`X-Large: ${'y'.repeat(8000)}`, 'Content-Length: 2'],
        '{}',
      ).toString(),
    );
    expect(message.status).toBe(200);
    expect(upstream.requests()[0]?.target).toBe(target);
    expect(upstream.requests()[0]?.header('x-large')).toHaveLength(8000);
  });

  test('an answer may have a head of 48 KiB', async () => {
    const { message } = await exchange(
      `HTTP/1.1 200 OK\r\nX-Large: ${'z'.repeat(48 * 1024)}\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(message.header('x-large')).toHaveLength(48 * 1024);
  });

  test.each(['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PUT'])(
    'a body of a %s is framed',
    async (method) => {
      const { upstream } = await exchange(ok(), post.replace('POST', method));
      const [request] = upstream.requests();
      expect(request?.header('content-length')).toBe('2');
      expect(request?.body.toString()).toBe('{}');
    },
  );

  test('a chunked DELETE is framed', async () => {
    const { upstream } = await exchange(
      ok(),
      requestBytes(
        `DELETE ${path}`,
        ['Transfer-Encoding: chunked'],
        chunked(Buffer.from('{}'), 1),
      ).toString(),
    );
    const [request] = upstream.requests();
    expect(request?.body.toString()).toBe('{}');
    expect(request?.isComplete).toBe(true);
    expect(upstream.connections.every(({ requests }) => requests.length <= 2)).toBe(true);
  });
});

test('HEAD gets the head alone, and the next request its own answer', async () => {
  const { proxy, upstream } = await startRawPair({
    onRequest: answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1\r\n\r\n'),
  });
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`HEAD ${path}`).toString());
  const head = await client.answer();
  expect(head.header('content-length')).toBe('5');
  upstream.onRequest(answering(ok('next')));
  await client.send(requestBytes(`GET ${path}`).toString());
  expect((await client.answer()).body.toString()).toBe('next');
});

test.each(['GET', 'DELETE', 'HEAD'])('a %s without a body has no framing', async (method) => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`${method} ${path}`).toString());
  await upstream.request();
  expect(upstream.requests()[0]?.head).not.toMatch(/content-length|transfer-encoding/i);
});

test('a POST of a length of 0 says so', async () => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`POST ${path}`, ['Content-Length: 0']).toString());
  expect((await client.answer()).status).toBe(200);
  expect(upstream.requests()[0]?.all('content-length')).toEqual(['0']);
});

test('trailers that a small request announces reach upstream', async () => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  const body = chunked(Buffer.from('hello'), 2, 'X-Sum: 1\r\n');
  const headers = ['Trailer: X-Sum', 'Transfer-Encoding: chunked'];
  await client.send(requestBytes(`POST ${path}`, headers, body).toString());
  expect((await client.answer()).status).toBe(200);
  expect(upstream.requests()[0]?.body.toString()).toBe('hello');
  expect(upstream.requests()[0]?.trailers).toEqual([['X-Sum', '1']]);
});

test('trailers of an upload reach upstream', async () => {
  const { proxy, upstream } = await startRawPair({
    proxy: { config: { upstream: { replay_body_limit: '0B' } } },
  });
  const client = await connectRaw(proxy);
  const body = chunked(Buffer.from('hello'), 2, 'X-Sum: 1\r\nAuthorization: no\r\n');
  await client.send(requestBytes(`POST ${path}`, ['Transfer-Encoding: chunked'], body).toString());
  expect((await client.answer()).status).toBe(200);
  expect(upstream.requests()[0]?.trailers).toEqual([['X-Sum', '1']]);
});

test.each([
  ['a request line', `GET ${path}?q=${'x'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ['a header', `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
])('%s above the bound is 431, and the connection ends', async (_what, request) => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  await client.send(request);
  await client.waitForClose();
  expect(client.text).toMatch(/^HTTP\/1\.1 431 .*x-proxy-error: headers_too_large\r\n/s);
  expect(upstream.requests()).toEqual([]);
});

test('2,500 headers arrive, all of them', async () => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  const headers = Array.from({ length: 2500 }, (_, i) => `x${i}:`);
  await client.send(requestBytes(`GET ${path}`, headers).toString());
  expect((await client.answer()).status).toBe(200);
  expect(upstream.requests()[0]?.head.match(/^x\d+:/gm)).toHaveLength(2500);
});

test('a request refused before its body was read leaves the next one on its connection intact', async () => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  const body = `GET ${path}?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  await client.send(
    requestBytes('POST /not/proxied', [`Content-Length: ${body.length}`]).toString(),
  );
  expect((await client.answer()).status).toBe(404);
  await client.send(Buffer.from(body));
  await client.send(requestBytes(`GET ${path}?real`).toString());
  expect((await client.answer()).status).toBe(200);
  expect(upstream.requests().map(({ target }) => target)).toEqual([`${path}?real`]);
});

test('what cannot be read after a request is not answered in the middle of its answer', async () => {
  const { proxy, upstream } = await startRawPair({
    onRequest: (_request, connection) =>
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning'),
  });
  const client = await connectRaw(proxy);
  await client.send(requestBytes(`GET ${path}`).toString());
  await waitFor(() => client.text.includes('beginning'), 'the beginning');
  await client.send(Buffer.from('garbage\r\n\r\n'));
  await client.waitForClose();
  expect(client.text).toMatch(/beginning$/);
  await waitFor(() => upstream.openConnections() === 0, 'the end of the upstream request');
});

test('an upload in bad chunks is refused, and upstream does not get it as whole', async () => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  await client.send(
    requestBytes(`POST ${path}`, ['Transfer-Encoding: chunked'], '2\r\nhi\r\nzz\r\n').toString(),
  );
  await client.waitForClose();
  expect(client.text).toMatch(/^HTTP\/1\.1 400 /);
  expect(upstream.requests().filter(({ isComplete }) => isComplete)).toEqual([]);
});
