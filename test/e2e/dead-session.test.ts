// What a client sees of a session that has died: nothing, in every dialect; and of what only looks like it: Salesforce's answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { HttpMessage } from '../support/http-message.ts';
import { ok, startRawPair } from '../support/raw-upstream.ts';
import { type Answer, type SendOptions, send } from '../support/send.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, type TestProxyOptions } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const dead = '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]';

function answer(status: number, body: string | Buffer, headers = ''): Buffer {
  const head = `HTTP/1.1 ${status} Some Reason\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

function tokenOf(request: HttpMessage): string {
  return (
    request.header('authorization') ??
    request.header('x-sfdc-session') ??
    /sessionId>([^<]*)</.exec(request.body.toString())?.[1] ??
    ''
  );
}

/** An instance that refuses the first session that it sees with these bytes, and takes any other. */
async function startRefusing(refusal: string | Buffer, options: TestProxyOptions = {}) {
  const pair = await startRawPair({
    proxy: { ...options, org: { policy: 'legacy', ...options.org } },
  });
  let refused: string | undefined;
  pair.upstream.onRequest((request, connection) => {
    void request.completed.then(() => {
      refused ??= tokenOf(request);
      connection.write(tokenOf(request) === refused ? refusal : ok('the fresh answer'));
    });
  });
  // Otherwise Salesforce gives the same token again.
  pair.org.control.endSessions();
  return pair;
}

const envelope = (operation: string) =>
  `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader xmlns="urn:partner.soap.sforce.com"><sessionId>dummy</sessionId></SessionHeader></e:Header><e:Body><${operation} xmlns="urn:partner.soap.sforce.com"/></e:Body></e:Envelope>`;
const soapCall = { method: 'POST', headers: { 'content-type': 'text/xml' } };
const soapFault =
  '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session.</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>';

describe('in every dialect of the simulated org', () => {
  const dialects: [name: string, path: string, call: SendOptions][] = [
    ['REST', '/services/data/v67.0/limits', {}],
    ['REST, XML', '/services/data/v67.0/limits', { headers: { accept: 'application/xml' } }],
    ['query', '/services/data/v67.0/query?q=SELECT+Id+FROM+Account', {}],
    ['Bulk 2.0', '/services/data/v67.0/jobs/ingest', {}],
    ['Apex REST', '/services/apexrest/echo/x', { method: 'POST', body: 'hello' }],
    [
      'Bulk 1.0, XML',
      '/services/async/67.0/job',
      {
        method: 'POST',
        headers: { 'content-type': 'application/xml', 'x-sfdc-session': 'dummy' },
        body: '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><operation>insert</operation><object>Account</object><contentType>CSV</contentType></jobInfo>',
      },
    ],
    [
      'Bulk 1.0, JSON',
      '/services/async/67.0/job',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-sfdc-session': 'dummy' },
        body: '{"operation":"insert","object":"Account","contentType":"CSV"}',
      },
    ],
    ['SOAP', '/services/Soap/u/64.0', { ...soapCall, body: envelope('getUserInfo') }],
    [
      'SOAP as Data Loader asks',
      '//services/Soap/u/64.0/',
      { ...soapCall, body: envelope('getUserInfo') },
    ],
    ['userinfo', '/services/oauth2/userinfo', {}],
    ['userinfo, token in the query', '/services/oauth2/userinfo?oauth_token=dummy', {}],
    ['HEAD', '/services/data/v67.0/limits', { method: 'HEAD' }],
  ];

  test('no client sees it', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { org: { policy: 'legacy' } });
    for (const [i, [name, path, call]] of dialects.entries()) {
      org.control.resetCounts();
      expect(org.control.endSessions(), name).toBe(1);
      const { status } = await send(proxy.url + path, call);
      expect([name, status]).toEqual([name, status === 201 ? 201 : 200]);
      const { exchanges, refused, requests } = org.control.counts();
      expect([name, exchanges, refused, requests]).toEqual([name, 1, 1, 1]);
      expect(proxy.eventsOf('request')[i]).toMatchObject({ replayed: true });
    }
  });
});

describe('however the refusal is written', () => {
  const long = Buffer.from(`${dead.slice(0, -1)},{"message":"${'x'.repeat(200_000)}"}]`);
  const chunkedHead = 'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunks = [...dead].map((letter) => `1\r\n${letter}\r\n`).join('');
  test.each([
    ['gzip', answer(401, gzipSync(dead), 'Content-Encoding: gzip\r\n')],
    ['x-gzip', answer(401, gzipSync(dead), 'content-encoding: X-GZIP\r\n')],
    ['deflate', answer(401, deflateSync(dead), 'Content-Encoding: deflate\r\n')],
    [
      'deflate without its header',
      answer(401, deflateRawSync(dead), 'Content-Encoding: deflate\r\n'),
    ],
    ['br', answer(401, brotliCompressSync(dead), 'Content-Encoding: br\r\n')],
    ['identity', answer(401, dead, 'Content-Encoding: identity\r\n')],
    ['in many chunks', `${chunkedHead}${chunks}0\r\n\r\n`],
    ['larger than 64 KiB', answer(401, long)],
    [
      'larger than 64 KiB, in gzip',
      answer(401, gzipSync(long, { level: 0 }), 'Content-Encoding: gzip\r\n'),
    ],
    [
      'a bomb behind the code',
      answer(
        401,
        gzipSync(Buffer.concat([Buffer.from(dead), Buffer.alloc(20 << 20)])),
        'Content-Encoding: gzip\r\n',
      ),
    ],
    ['without an end', `${chunkedHead}${chunks}`],
    ['cut off', `HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n${dead}`],
  ])('%s', async (_name, refusal) => {
    const { proxy, org, upstream } = await startRefusing(refusal);
    const got = await send(`${proxy.url}/services/data/v67.0/x?q=%2f`, {
      method: 'PATCH',
      body: '{"a":1}',
    });
    expect([got.status, got.text]).toEqual([200, 'the fresh answer']);
    expect(org.control.counts().exchanges).toBe(2);
    expect(upstream.requests().map(({ target, body }) => [target, body.toString()])).toEqual([
      ['/services/data/v67.0/x?q=%2f', '{"a":1}'],
      ['/services/data/v67.0/x?q=%2f', '{"a":1}'],
    ]);
  });
});

describe('what is no dead session comes through byte for byte, without a login', () => {
  const coded = (message: string) => JSON.stringify([{ message, errorCode: 'INVALID_SESSION_ID' }]);
  const tail = 'x'.repeat(70_000);
  test.each([
    [
      'not valid for REST',
      'GET /services/data/v67.0/x',
      401,
      coded('This session is not valid for use with the REST API'),
      '',
    ],
    [
      'app not attached',
      'GET /services/data/v67.0/x',
      401,
      coded('Connected app is not attached to Agent'),
      '',
    ],
    [
      'BlackTab',
      'GET /services/data/v67.0/x',
      401,
      coded('BlackTab users cannot perform API operations'),
      '',
    ],
    [
      'not valid for REST, in gzip',
      'GET /services/data/v67.0/x',
      401,
      gzipSync(coded('This session is not valid for use with the REST API')),
      'Content-Encoding: gzip\r\n',
    ],
    [
      'a broken gzip',
      'GET /services/data/v67.0/x',
      401,
      'no gzip at all',
      'Content-Encoding: gzip\r\n',
    ],
    ['an unknown encoding', 'GET /services/data/v67.0/x', 401, dead, 'Content-Encoding: zstd\r\n'],
    [
      'a malformed header',
      'GET /services/data/v67.0/x',
      401,
      '[{"message":"INVALID_HEADER_TYPE","errorCode":"INVALID_AUTH_HEADER"}]',
      '',
    ],
    [
      'the limit',
      'GET /services/data/v67.0/x',
      403,
      '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
      '',
    ],
    ['no API', 'GET /services/data/v67.0/x', 403, '[{"errorCode":"API_DISABLED_FOR_ORG"}]', ''],
    ['the code with 403', 'GET /services/data/v67.0/x', 403, dead, ''],
    [
      'the code behind 64 KiB',
      'GET /services/data/v67.0/x',
      401,
      `[{"message":"${tail}","errorCode":"INVALID_SESSION_ID"}]`,
      '',
    ],
    ['a quotation', 'POST /services/data/v67.0/x', 401, JSON.stringify([{ message: dead }]), ''],
    ['no body', 'GET /services/data/v67.0/x', 401, '', ''],
    ['no token at userinfo', 'GET /services/oauth2/userinfo', 403, 'Missing_OAuth_Token', ''],
    [
      'another error of Bulk 1.0',
      'GET /services/async/67.0/job/x',
      400,
      '<error><exceptionCode>InvalidJob</exceptionCode></error>',
      '',
    ],
    [
      'the same in REST',
      'GET /services/data/v67.0/x',
      400,
      '{"exceptionCode":"InvalidSessionId"}',
      '',
    ],
    ['a fault in REST', 'GET /services/data/v67.0/x', 500, soapFault, ''],
  ] as const)('%s', async (_name, call, status, body, headers) => {
    const { proxy, org, upstream } = await startRefusing(answer(status, body, headers));
    const [method = '', path] = call.split(' ');
    const got = await send(`${proxy.url}${path}`, { method });
    expect(got.status).toBe(status);
    expect(got.body.equals(Buffer.from(body))).toBe(true);
    expect(got.headers['x-proxy-error']).toBeUndefined();
    expect(got.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(org.control.counts().exchanges).toBe(1);
    expect(upstream.requests()).toHaveLength(1);
  });

  test('a 401 that never ends and never says why is passed on after the look', async () => {
    const { proxy } = await startRefusing(
      'HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nwait',
    );
    const leaving = new AbortController();
    const got = await fetch(`${proxy.url}/services/data/v67.0/x`, { signal: leaving.signal });
    expect(got.status).toBe(401);
    const { value } = (await got.body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toBe('wait');
    leaving.abort();
  });
});

describe('a renewal whose clients have all left', () => {
  const url = '/services/data/v67.0/limits';

  /** `count` requests whose clients leave together once `isTime`. */
  async function sendAndLeave(target: string, count: number, isTime: () => boolean) {
    const leaving = new AbortController();
    const { signal } = leaving;
    const left = Array.from({ length: count }, () => send(target, { signal }));
    const ends = Promise.allSettled(left);
    await waitFor(isTime, 'the time to leave');
    leaving.abort();
    for (const { status } of await ends) expect(status).toBe('rejected');
  }

  // A load test stops at the moment when a session ends, and the next session is over before it starts again: for 30 s each
  // request got the 401, because the renewal counted as one that had not helped.
  test('during the login: its session may be dead when the next request comes', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org);
    for (let renewals = 1; renewals <= 3; renewals += 1) {
      org.control.endSessions();
      org.control.resetCounts();
      org.control.tokenEndpoint({ mode: 'ok', delayMs: 300 });
      await sendAndLeave(proxy.url + url, 10, () => org.control.counts().tokenRequests === 1);
      await waitFor(() => proxy.eventsOf('logged_in').length === 1 + renewals, 'the login');
    }
    org.control.tokenEndpoint({ mode: 'ok' });
    expect(org.control.endSessions()).toBe(1);
    const got = await Promise.all(Array.from({ length: 20 }, () => send(proxy.url + url)));
    expect(new Set(got.map(({ status }) => status))).toEqual(new Set([200]));
    expect(proxy.eventsOf('logged_in')).toHaveLength(1 + 3 + 1);
    expect(proxy.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('during their replays: the same', async () => {
    const { proxy, org, upstream } = await startRawPair();
    const dying = new Set<string>();
    let isSilent = true;
    upstream.onRequest((request, connection) => {
      void request.completed.then(() => {
        const token = tokenOf(request);
        if (dying.size === 0) dying.add(token);
        if (dying.has(token)) connection.write(answer(401, dead));
        else if (!isSilent) connection.write(ok('the fresh answer'));
      });
    });
    org.control.endSessions();
    const replays = () => upstream.requests().filter((one) => !dying.has(tokenOf(one)));
    await sendAndLeave(proxy.url + url, 5, () => replays().length === 5);
    for (const replay of replays()) dying.add(tokenOf(replay));
    org.control.endSessions();
    isSilent = false;
    const got = await send(proxy.url + url);
    expect([got.status, got.text]).toEqual([200, 'the fresh answer']);
    expect(org.control.counts().exchanges).toBe(3);
  });
});

describe('a renewal that does not help', () => {
  test('the same token again: Salesforce’s own answer, one exchange, however many ask', async () => {
    const org = await startOrg();
    let nowMs = Date.now();
    const proxy = await startProxy(org, { now: () => nowMs });
    org.control.keepReturningSameTokenAfterEnd(true);
    org.control.endSessions();
    for (let i = 0; i < 50; i += 1) {
      const got = await send(`${proxy.url}/services/data/v67.0/limits`);
      expect([got.status, got.text]).toEqual([401, dead]);
      expect(got.headers['x-proxy-error']).toBeUndefined();
    }
    expect(org.control.counts().exchanges).toBe(2);
    expect(proxy.eventsOf('session_not_renewed')).toMatchObject([{ why: 'same_token' }]);
    // As soon as Salesforce gives another one, it is well again.
    org.control.keepReturningSameTokenAfterEnd(false);
    nowMs += 30_000;
    expect((await send(`${proxy.url}/services/data/v67.0/limits`)).status).toBe(200);
  });

  test('tokens that are dead on arrival: no loop, and the exchanges back off', async () => {
    const org = await startOrg();
    let nowMs = Date.now();
    const proxy = await startProxy(org, { now: () => nowMs });
    org.control.mintDeadTokens(true);
    org.control.endSessions();
    org.control.resetCounts();
    for (let second = 0; second < 300; second += 1) {
      const got = await Promise.all(
        [1, 2].map(() => send(`${proxy.url}/services/data/v67.0/limits`)),
      );
      for (const { status, text } of got) expect([status, text]).toEqual([401, dead]);
      nowMs += 1000;
    }
    // At 0, 30, 90 and 210 s.
    expect(org.control.counts().exchanges).toBe(4);
    expect(proxy.eventsOf('session_not_renewed')[0]).toMatchObject({ why: 'dead_on_arrival' });
  });

  test('tokens that are dead on arrival, and requests that come during each login: no loop', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org);
    org.control.mintDeadTokens(true);
    org.control.endSessions();
    org.control.resetCounts();
    org.control.tokenEndpoint({ mode: 'ok', delayMs: 100 });
    const asked: Promise<Answer>[] = [];
    // The first is replayed; the others have seen no session die before they use the new one.
    for (let i = 0; i < 200; i += 1) {
      asked.push(send(`${proxy.url}/services/data/v67.0/limits`));
      await sleep(5);
    }
    for (const { status, text } of await Promise.all(asked)) {
      expect([status, text]).toEqual([401, dead]);
    }
    // One more at most, where another hears of the new session before the replay does.
    expect(org.control.counts().exchanges).toBeLessThanOrEqual(2);
    expect(proxy.eventsOf('session_not_renewed')).toMatchObject([{ why: 'dead_on_arrival' }]);
  });

  test('SOAP that refuses what REST takes (tokens in JWT format) does not storm', async () => {
    const { proxy, org, upstream } = await startRefusing('', {});
    upstream.onRequest((request, connection) => {
      void request.completed.then(() => {
        // Each login brings another token, as with tokens in JWT format.
        org.control.endSessions();
        connection.write(request.target.includes('Soap') ? answer(500, soapFault) : ok('{}'));
      });
    });
    for (let i = 0; i < 40; i += 1) {
      const soap = await send(`${proxy.url}/services/Soap/u/64.0`, {
        ...soapCall,
        body: envelope('query'),
      });
      expect([soap.status, soap.text]).toEqual([500, soapFault]);
      expect((await send(`${proxy.url}/services/data/v67.0/limits`)).status).toBe(200);
    }
    expect(org.control.counts().exchanges).toBe(2);
  });
});

describe('replay', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT'])(
    '%s is sent again as it was',
    async (method) => {
      const { proxy, upstream } = await startRefusing(answer(401, method === 'HEAD' ? '' : dead));
      const hasBody = method !== 'HEAD';
      const body = Buffer.from([0, 255, 13, 10, 0x80, ...Buffer.from('{"Name":"Zürich"}')]);
      const target = "/services/data/v67.0/sobjects/Account/Ext__c/A%2FB%20C;x=1?q='a'+b&&=";
      const got = await send(proxy.url + target, {
        method,
        headers: {
          'X-Some-Header': 'kept',
          authorization: 'Bearer of-the-client',
          ...(hasBody && { 'content-length': String(body.length) }),
        },
        ...(hasBody && { body }),
      });
      expect(got.status).toBe(200);
      const [first, second] = upstream.requests() as [HttpMessage, HttpMessage];
      expect(second.startLine).toBe(`${method} ${target} HTTP/1.1`);
      expect(second.startLine).toBe(first.startLine);
      expect(second.body.equals(hasBody ? body : Buffer.alloc(0))).toBe(true);
      const others = (request: HttpMessage) =>
        request.headers.filter(([name]) => name.toLowerCase() !== 'authorization');
      expect(others(second)).toEqual(others(first));
      expect(second.header('authorization')).toMatch(/^Bearer 00D/);
      expect(second.header('authorization')).not.toBe(first.header('authorization'));
    },
  );

  test('a SOAP call, with the fresh session in its header and all else as it was', async () => {
    const { proxy, upstream } = await startRefusing(answer(500, soapFault));
    const got = await send(`${proxy.url}/services/Soap/u/64.0`, {
      ...soapCall,
      body: envelope('query'),
    });
    expect(got.text).toBe('the fresh answer');
    const [first, second] = upstream.requests() as [HttpMessage, HttpMessage];
    for (const request of [first, second]) {
      expect(request.body.toString().replace(tokenOf(request), 'dummy')).toBe(envelope('query'));
      expect(request.header('authorization')).toBeUndefined();
    }
    expect(tokenOf(first)).not.toBe(tokenOf(second));
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('a SOAP call compressed by %s, as Java clients send it', async (encoding, compress) => {
    const org = await startOrg();
    const proxy = await startProxy(org, { org: { policy: 'legacy' } });
    org.control.endSessions();
    const { headers } = soapCall;
    const call = (operation: string) =>
      send(`${proxy.url}/services/Soap/u/64.0`, {
        method: 'POST',
        headers: { ...headers, 'content-encoding': encoding },
        body: compress(envelope(operation)),
      });
    const got = await call('getUserInfo');
    expect(got.status).toBe(200);
    expect(got.text).toContain('integration@example.com');
    expect((await call('logout')).text).toContain('logoutResponse');
    expect(org.control.executed()).toHaveLength(1);
  });

  test('a SOAP call that is too long to be held gets a session too, with its length', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, {
      org: { policy: 'legacy' },
      config: { upstream: { replay_body_limit: '4KiB' } },
    });
    org.control.endSessions();
    const body = envelope('getUserInfo').replace(
      '</e:Body>',
      `<!--${'x'.repeat(500_000)}--></e:Body>`,
    );
    const got = await send(`${proxy.url}/services/Soap/u/64.0`, { ...soapCall, body });
    expect(got.status).toBe(200);
    expect(got.text).toContain('integration@example.com');
  });
});
