// What Salesforce gets of what the client sent, and the client of what Salesforce sent: everything, less what belongs to one
// connection, to the client's credentials or to Salesforce's host name. Seen on raw sockets at both ends.
import { describe, expect, test } from 'vitest';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import { answering, lanes, startRawPair } from '../support/raw-upstream.ts';

const path = '/services/data/v67.0/sobjects/Account';

describe.each(lanes)('in the $lane lane', ({ lane, upstream: limits }) => {
  async function upstreamGets(headers: readonly string[]): Promise<string[]> {
    const { proxy, upstream } = await startRawPair({ proxy: { config: { upstream: limits } } });
    const client = await connectRaw(proxy);
    await client.send(
      requestBytes(`POST ${path}`, [...headers, 'Content-Length: 2'], '{}').toString('latin1'),
    );
    expect((await client.answer()).status).toBe(200);
    const [request] = upstream.requests();
    expect(request?.body.toString()).toBe('{}');
    return request?.head.split('\r\n') ?? [];
  }

  async function clientGets(answer: string): Promise<string> {
    const { proxy } = await startRawPair({
      proxy: { config: { upstream: limits } },
      onRequest: (request, connection) => {
        const bytes = answer.replaceAll('INSTANCE', String(request.header('host')));
        answering(bytes)(request, connection);
      },
    });
    const client = await connectRaw(proxy);
    await client.send(
      `POST ${path} HTTP/1.1\r\nHost: localhost:${proxy.port}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    await client.answer();
    return client.text.replaceAll(`localhost:${proxy.port}`, 'PROXY');
  }

  test('20 awkward headers: what was sent next to what upstream received', async () => {
    const sent = [
      'accept-ENCODING: gzip;q=1.0, br',
      'X-Duplicate: first',
      'Authorization: Bearer of-the-client',
      'Cookie: sid=of-the-client; other=1',
      'Connection: keep-alive, X-Hop, x-HOP-two',
      'X-Hop: named by Connection',
      'X-Hop-Two: named in another case',
      'Keep-Alive: timeout=5',
      'Proxy-Authorization: Basic b2Y6Y2xpZW50',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Trailer: X-Checksum',
      'Upgrade: websocket',
      'Forwarded: for=192.0.2.1',
      'X-Forwarded-For: 192.0.2.1',
      'X_Forwarded_Host: evil.example',
      'X-SFDC-Session: 00Dof-the-client',
      'X-Empty:',
      'Sforce-Call-Options: client=caf\xe9, defaultNamespace=x',
      'X-Spaces:  \t two  inner  ',
      'x-duplicate: second',
      'If-Modified-Since: Tue, 10 Aug 2021 00:00:00 GMT',
    ];
    const received = await upstreamGets(sent);
    const [host, authorization, length, connection] = [
      /^host: 127\.0\.0\.1:\d+$/i,
      /^Authorization: Bearer 00D/,
      /^content-length: 2$/i,
      /^connection: (keep-alive|close)$/i,
    ].map((pattern) => expect.stringMatching(pattern));
    const ownHeaders = [
      'accept-ENCODING: gzip;q=1.0, br',
      'X-Duplicate: first',
      // Node's client sends equal names next to each other.
      ...(lane === 'stream' ? ['X-Duplicate: second'] : []),
      'X-Empty: ',
      'Sforce-Call-Options: client=caf\xe9, defaultNamespace=x',
      'X-Spaces: two  inner',
      ...(lane === 'replay' ? ['x-duplicate: second'] : []),
      'If-Modified-Since: Tue, 10 Aug 2021 00:00:00 GMT',
    ];
    const requestLine = `POST ${path} HTTP/1.1`;
    const requestId = expect.stringMatching(/^x-request-id: [0-9a-f-]{36}$/);
    // Where host, length and connection stand is the engine's choice.
    expect(received).toEqual(
      lane === 'replay'
        ? [requestLine, host, requestId, authorization, ...ownHeaders, length]
        : [requestLine, length, host, requestId, authorization, ...ownHeaders, connection],
    );
  });

  test('reason, order, case, duplicates and bytes of an answer stay, and nothing is invented', async () => {
    const text = await clientGets(
      [
        'HTTP/1.1 400 Bad caf\xc3\xa9 Request',
        'sforce-limit-INFO: api-usage=1/15000',
        'Warning: 299 - "one"',
        'X-Empty:',
        'X-Bytes: caf\xe9',
        'warning: 299 - "two"',
        'Content-Encoding: gzip',
        'Content-Length: 3',
        '',
        '\x1f\x8b\xff',
      ].join('\r\n'),
    );
    expect(text.split('\r\n')).toEqual([
      'HTTP/1.1 400 Bad caf\xc3\xa9 Request',
      'sforce-limit-INFO: api-usage=1/15000',
      'Warning: 299 - "one"',
      'X-Empty: ',
      'X-Bytes: caf\xe9',
      'warning: 299 - "two"',
      'Content-Encoding: gzip',
      'Content-Length: 3',
      expect.stringMatching(/^x-request-id: /),
      'Connection: keep-alive',
      'Keep-Alive: timeout=75',
      '',
      '\x1f\x8b\xff',
    ]);
  });

  test.each([
    ['is empty', ' ', ' '],
    ['has bytes that are no UTF-8', ' caf\xe9', ' caf\xe9'],
  ])('a reason that %s', async (_is, reason, expected) => {
    const text = await clientGets(`HTTP/1.1 200${reason}\r\nContent-Length: 0\r\n\r\n`);
    expect(text.split('\r\n', 1)[0]).toBe(`HTTP/1.1 200${expected}`);
  });

  test("what belongs to upstream's connection or host name does not reach the client", async () => {
    const text = await clientGets(
      [
        'HTTP/1.1 200 OK',
        'Connection: X-Hop, keep-alive',
        'X-Hop: 1',
        'Keep-Alive: timeout=7',
        'Proxy-Authenticate: Basic',
        'Proxy-Anything: 1',
        'TE: trailers',
        'Trailer: X-Sum',
        'Upgrade: h2c',
        'Set-Cookie: sid=1',
        'Set-Cookie: BrowserId=2',
        'Strict-Transport-Security: max-age=1',
        'Alt-Svc: h3=":443"',
        'X-Kept: 1',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    expect(text.split('\r\n').slice(1, -2)).toEqual([
      'X-Kept: 1',
      'Content-Length: 0',
      expect.stringMatching(/^x-request-id: /),
      'Connection: keep-alive',
      'Keep-Alive: timeout=75',
    ]);
  });

  test.each([
    ['http://INSTANCE/services/data/x?a=%2F#f', 'http://PROXY/services/data/x?a=%2F#f'],
    ['HTTP://INSTANCE', 'http://PROXY'],
    ['//INSTANCE/x', 'http://PROXY/x'],
    ['/services/data/x', '/services/data/x'],
    ['https://login.salesforce.com/x', 'https://login.salesforce.com/x'],
    ['http://INSTANCE.evil.example/x', undefined],
    ['http://INSTANCE@evil.example/x', undefined],
    ['not a url', 'not a url'],
  ])('a Location of %s', async (location, expected) => {
    const text = await clientGets(
      `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`,
    );
    const [, got] = /^Location: (.*)\r$/m.exec(text) ?? [];
    if (expected === undefined) expect(got).not.toContain('PROXY');
    else expect(got).toBe(expected);
    expect(text).toMatch(/^HTTP\/1.1 302 Found\r\n/);
  });

  test('a Location, Link or Refresh that holds a session is removed', async () => {
    const text = await clientGets(
      [
        'HTTP/1.1 302 Found',
        'Location: http://INSTANCE/secur/frontdoor.jsp?sid=00D000000000001!AQ',
        'Link: <http://INSTANCE/x?sid=00Dx>; rel=next',
        'Refresh: 0; url=/secur/frontdoor.jsp?otp=1',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    expect(text).not.toMatch(/^(Location|Link|Refresh):/m);
  });
});

test('an Upgrade is not made: the request is an ordinary one', async () => {
  const { proxy, upstream } = await startRawPair();
  const client = await connectRaw(proxy);
  await client.send(
    requestBytes(`GET ${path}`, ['Connection: Upgrade', 'Upgrade: websocket']).toString(),
  );
  expect((await client.answer()).status).toBe(200);
  expect(upstream.requests()[0]?.head).not.toMatch(/upgrade/i);
});

test('a cookie of the client and a Set-Cookie pass for CometD, which keeps its state in them, but no session', async () => {
  const { proxy, upstream } = await startRawPair({
    proxy: { org: { policy: 'legacy' } },
    onRequest: answering(
      'HTTP/1.1 200 OK\r\nSet-Cookie: BAYEUX_BROWSER=1\r\nContent-Length: 0\r\n\r\n',
    ),
  });
  const client = await connectRaw(proxy);
  await client.send(
    requestBytes(
      'POST /cometd/67.0',
      ['Cookie: BAYEUX_BROWSER=1; sid=mine', 'Content-Length: 2'],
      '[]',
    ).toString(),
  );
  expect((await client.answer()).header('set-cookie')).toBe('BAYEUX_BROWSER=1');
  expect(upstream.requests()[0]?.all('cookie')).toEqual(['BAYEUX_BROWSER=1']);
});
