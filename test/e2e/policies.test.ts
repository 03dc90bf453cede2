// Policies as a client meets them: over HTTP, with bodies in every wrapping. What each rule and preset means is proved in
// test/policy; here it is that nothing gets past them on the way, and that nothing of a refused request reaches Salesforce.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import { chunked, connectRaw, requestBytes } from '../support/raw-http.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, type TestProxy } from '../support/start-proxy.ts';

const base = '/services/data/v67.0';
const account = `${base}/sobjects/Account/001000000000001AAA`;

interface Ask {
  readonly startLine: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  readonly isChunked?: boolean;
}

async function ask(proxy: TestProxy, { startLine, headers = [], body = '', isChunked }: Ask) {
  const bytes = Buffer.from(body);
  const framing = isChunked ? ['Transfer-Encoding: chunked'] : [`Content-Length: ${bytes.length}`];
  const client = await connectRaw({ port: proxy.port });
  const head = [...headers, ...(bytes.length > 0 ? framing : [])];
  const request = requestBytes(startLine, head, isChunked ? chunked(bytes, 7) : bytes);
  // As text, the client sees for itself that an answer to HEAD has no body.
  await client.send(request.toString('latin1'));
  const answer = await client.answer();
  return {
    status: answer.status,
    code: answer.header('x-proxy-error'),
    text: answer.body.toString(),
  };
}

const json = 'Content-Type: application/json';
const sub = (method: string, url: string) => ({
  method,
  url,
  referenceId: 'a',
  body: { Name: 'x' },
});
const composite = (...requests: object[]) => JSON.stringify({ compositeRequest: requests });
const reading = composite({ method: 'GET', url: `${base}/limits`, referenceId: 'a' });
const writing = composite(
  { method: 'GET', url: `${base}/limits`, referenceId: 'b' },
  sub('PATCH', account),
);
const post = (path: string, body: string | Buffer, ...headers: string[]): Ask => ({
  startLine: `POST ${base}/${path}`,
  headers: [json, ...headers],
  body,
});

const writes: [what: string, ask: Ask][] = [
  ['DELETE', { startLine: `DELETE ${account}` }],
  ['PATCH', { startLine: `PATCH ${account}`, headers: [json], body: '{}' }],
  ['POST', post('sobjects/Account', '{"Name":"x"}')],
  ['PUT', { startLine: `PUT ${base}/jobs/ingest/750/batches`, body: 'Name\nx' }],
  ['_HttpMethod', { startLine: `GET ${account}?_HttpMethod=DELETE` }],
  ['_HttpMethod, encoded', { startLine: `GET ${account}?%5fHttpMethod=DELETE` }],
  ['_HttpMethod, encoded twice', { startLine: `GET ${account}?%255fHttpMethod=DELETE` }],
  ['_HttpMethod behind a semicolon', { startLine: `GET ${account}?a=b;_HttpMethod=PATCH` }],
  ['_HttpMethod on HEAD', { startLine: `HEAD ${account}?_HttpMethod=DELETE` }],
  ['_HttpMethod on OPTIONS', { startLine: `OPTIONS ${account}?_HttpMethod=DELETE` }],
  [
    'X-HTTP-Method-Override',
    { startLine: `GET ${account}`, headers: ['X-HTTP-Method-Override: DELETE'] },
  ],
  ['X-HTTP-Method', { startLine: `GET ${account}`, headers: ['x-http-method: MERGE'] }],
  [
    'X-Method-Override, twice',
    {
      startLine: `GET ${account}`,
      headers: ['X-Method-Override: GET', 'X-Method-Override: PATCH'],
    },
  ],
  [
    'an override with underscores',
    { startLine: `GET ${account}`, headers: ['X_HTTP_Method_Override: DELETE'] },
  ],
  ['an override with dots', { startLine: `GET ${account}`, headers: ['X.HTTP.Method: DELETE'] }],
  ['a method that nobody knows', { startLine: `MERGE ${account}` }],
  ['PURGE', { startLine: `PURGE ${account}` }],
  ['composite', post('composite', writing)],
  ['composite, in chunks', { ...post('composite', writing), isChunked: true }],
  ['composite, compressed', post('composite', gzipSync(writing), 'Content-Encoding: gzip')],
  [
    'composite, compressed and in chunks',
    { ...post('composite', gzipSync(writing), 'Content-Encoding: gzip'), isChunked: true },
  ],
  [
    'composite, compressed in a way that nobody knows',
    post('composite', reading, 'Content-Encoding: br'),
  ],
  [
    'composite, compressed twice',
    post('composite', gzipSync(gzipSync(reading)), 'Content-Encoding: gzip, gzip'),
  ],
  ['composite that is no JSON', post('composite', '{"compositeRequest":[')],
  [
    'composite with a key twice',
    post('composite', '{"compositeRequest":[],"compositeRequest":[]}'),
  ],
  [
    'composite in another charset',
    { startLine: `POST ${base}/composite`, headers: [`${json}; charset=utf-7`], body: reading },
  ],
  [
    'composite as XML',
    {
      startLine: `POST ${base}/composite`,
      headers: ['Content-Type: application/xml'],
      body: reading,
    },
  ],
  ['composite by PATCH', { startLine: `PATCH ${base}/composite`, headers: [json], body: reading }],
  [
    'composite/batch',
    post(
      'composite/batch',
      JSON.stringify({ batchRequests: [sub('DELETE', `v67.0/sobjects/Account/001`)] }),
    ),
  ],
  [
    'composite/graph',
    post(
      'composite/graph',
      JSON.stringify({
        graphs: [{ graphId: '1', compositeRequest: [sub('POST', `${base}/sobjects/Account`)] }],
      }),
    ),
  ],
  [
    'composite/tree',
    post('composite/tree/Account', '{"records":[{"attributes":{"type":"Account"},"Name":"x"}]}'),
  ],
  [
    'composite/sobjects',
    post('composite/sobjects', '{"records":[{"attributes":{"type":"Account"},"Name":"x"}]}'),
  ],
  ['a GraphQL mutation', post('graphql', JSON.stringify({ query: 'mutation { x }' }))],
  ['a GraphQL mutation by GET', { startLine: `GET ${base}/graphql?query=mutation%7Bx%7D` }],
  ['anonymous Apex', { startLine: `GET ${base}/tooling/executeAnonymous?anonymousBody=x` }],
  [
    'anonymous Apex in another spelling',
    { startLine: `GET ${base}/tooling/executeanonymous/?anonymousBody=x` },
  ],
  [
    'anonymous Apex, encoded',
    { startLine: `GET ${base}/tooling/%65xecuteAnonymous?anonymousBody=x` },
  ],
  ['tests', { startLine: `GET ${base}/tooling/runTestsAsynchronous/?classids=x` }],
  ['a Bulk ingest job', post('jobs/ingest', '{"object":"Account","operation":"insert"}')],
  ['Apex REST', { startLine: 'GET /services/apexrest/x' }],
  [
    'SOAP',
    { startLine: 'POST /services/Soap/u/64.0', headers: ['Content-Type: text/xml'], body: '<x/>' },
  ],
  ['Bulk 1.0', { startLine: 'GET /services/async/64.0/job' }],
  ['CometD', { startLine: 'POST /cometd/64.0', headers: [json], body: '[]' }],
];

describe('read-only', () => {
  test('refuses whatever writes, names the rule, and nothing reaches Salesforce', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { org: { policy: 'read-only' } });
    org.control.resetCounts();
    for (const [what, request] of writes) {
      const { status, code, text } = await ask(proxy, request);
      expect.soft({ what, status, code }).toEqual({ what, status: 403, code: 'policy_denied' });
      const hasBody = !request.startLine.startsWith('HEAD');
      if (hasBody) expect.soft(text, what).toMatch(/Policy \\"read-only\\"|Policy "read-only"/);
    }
    expect(org.control.counts()).toMatchObject({ requests: 0, refused: 0 });
  });

  test('lets whatever reads pass, byte for byte, however it is wrapped', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { org: { policy: 'read-only' } });
    const reads: [what: string, ask: Ask][] = [
      ['GET', { startLine: `GET ${base}/limits` }],
      ['HEAD', { startLine: `HEAD ${base}/limits` }],
      ['OPTIONS', { startLine: `OPTIONS ${base}/limits` }],
      ['a query', { startLine: `GET ${base}/query?q=SELECT+Id+FROM+Account+WHERE+Name='delete'` }],
      ['GET that says so twice', { startLine: `GET ${base}/limits?_HttpMethod=GET` }],
      ['composite', post('composite', reading)],
      ['composite of nothing', { startLine: `POST ${base}/composite` }],
      ['composite, in chunks', { ...post('composite', reading), isChunked: true }],
      ['composite, compressed', post('composite', gzipSync(reading), 'Content-Encoding: gzip')],
      [
        'parameterizedSearch',
        post('parameterizedSearch', '{"q":"x","sobjects":[{"name":"Account"}]}'),
      ],
      ['a query job', post('jobs/query', '{"operation":"query","query":"SELECT Id FROM Account"}')],
      ['a GraphQL query', post('graphql', JSON.stringify({ query: '{ uiapi { query { x } } }' }))],
    ];
    for (const [what, request] of reads) {
      const { code } = await ask(proxy, request);
      expect({ what, code }).toEqual({ what, code: undefined });
    }
    const executed = org.control.executed();
    expect(executed.map(({ bodyLength }) => bodyLength)).toEqual(
      reads.map(([, { body = '' }]) => Buffer.from(body).length),
    );
  });

  test('refuses a body that must be judged and is too large to be', async () => {
    const org = await startOrg();
    const upstream = { replay_body_limit: '1KiB' };
    const proxy = await startProxy(org, { org: { policy: 'read-only' }, config: { upstream } });
    const padded = `${reading.slice(0, -1)},"x":"${'x'.repeat(2_000)}"}`;
    for (const request of [
      post('composite', padded),
      { ...post('composite', padded), isChunked: true },
    ]) {
      expect(await ask(proxy, request)).toMatchObject({ status: 413, code: 'body_too_large' });
    }
    const bomb = gzipSync(Buffer.alloc(900_000, ' '));
    expect(await ask(proxy, post('composite', bomb, 'Content-Encoding: gzip'))).toMatchObject({
      status: expect.toBeOneOf([403, 413]),
    });
    expect(org.control.counts().requests).toBe(0);
  });
});

test('deny goes before allow; the answer names the rule, and the log the client', async () => {
  const org = await startOrg();
  const key = makeClientKey();
  const proxy = await startProxy(org, {
    config: {
      clients: [{ name: 'reporting', key_sha256: hashClientKey(key), policy: 'reports' }],
      policies: {
        reports: { allow: ['GET /services/data/**'], deny: ['* /services/data/*/tooling/**'] },
      },
    },
  });
  const headers = [`Authorization: Bearer ${key}`];
  const denied = await ask(proxy, { startLine: `GET ${base}/Tooling/query?q=x`, headers });
  expect(denied).toMatchObject({ status: 403, code: 'policy_denied' });
  expect(JSON.parse(denied.text)[0].message).toContain('rule "deny * /services/data/*/tooling/**"');
  const missing = await ask(proxy, { startLine: `DELETE ${account}`, headers });
  expect(JSON.parse(missing.text)[0].message).toContain('no rule allows DELETE');
  expect(await ask(proxy, { startLine: `GET ${base}/limits`, headers })).toMatchObject({
    status: 200,
  });
  for (const { client, org: name } of proxy.eventsOf('request')) {
    expect([client, name]).toEqual(['reporting', 'test']);
  }
  expect(org.control.executed()).toHaveLength(1);
});

// TRACE has whoever answers it send back what it got: the session too. RFC 9110, section 9.3.8.
test('TRACE is not sent on under any policy', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, { org: { policy: 'legacy' } });
  const answer = await ask(proxy, { startLine: `TRACE ${base}/limits` });
  expect(answer).toMatchObject({ status: 400, code: 'bad_request' });
  expect(org.control.counts().requests).toBe(0);
});
