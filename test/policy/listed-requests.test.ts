import { describe, expect, test } from 'vitest';
import { plausibleMethods } from '../../src/policy/http-methods.ts';
import { readListedRequests } from '../../src/policy/listed-requests.ts';

function targets(body: unknown): string[] {
  return readListedRequests(body).map(({ method, target }) => `${method} ${target.raw}`);
}

function one(fields: object) {
  return readListedRequests({ compositeRequest: [{ method: 'GET', ...fields }] });
}

const v = '/services/data/v60.0';

test('all lists are read, whichever path they came to', () => {
  const request = (n: number) => ({ method: 'GET', url: `${v}/a${n}` });
  expect(
    targets({
      allOrNone: true,
      compositeRequest: [request(1)],
      batchRequests: [request(2), request(3)],
      graphs: [
        { graphId: 'x', compositeRequest: [request(4)] },
        { compositeRequest: [request(5)] },
      ],
    }),
  ).toEqual([1, 2, 3, 4, 5].map((n) => `GET ${v}/a${n}`));
});

test('both bodies of a sub-request are handed on', () => {
  const [request] = one({ url: `${v}/composite`, body: { a: 1 }, richInput: { b: 2 } });
  expect(request?.bodies).toEqual([{ a: 1 }, { b: 2 }]);
  expect(one({ url: `${v}/composite`, body: null })[0]?.bodies).toEqual([]);
});

test.each([
  ['v60.0/limits', `${v}/limits`],
  ['/v60.0/limits', `${v}/limits`],
  [`${v}/limits`, `${v}/limits`],
  ['/services/data/v60.0', v],
  [
    "v60.0/query?q=SELECT Id FROM Account WHERE Name = 'é#'",
    `${v}/query?q=SELECT%20Id%20FROM%20Account%20WHERE%20Name%20=%20'%C3%A9%23'`,
  ],
  [`${v}/sobjects/Account/@{a.id}`, `${v}/sobjects/Account/@{a.id}`],
  [`${v}/sobjects/Account/@{a.Id}/Contacts`, `${v}/sobjects/Account/@{a.Id}/Contacts`],
  [`${v}/query?q=x'\ud800'`, `${v}/query?q=x'%EF%BF%BD'`],
])('the url %s is understood', (url, raw) => expect(one({ url })[0]?.target.raw).toBe(raw));

describe('urls that are refused', () => {
  test.each([
    '',
    '/',
    'limits',
    'sobjects/Account',
    'tooling/executeAnonymous?x',
    '/sobjects/Account',
    '/services/data',
    '/services/data/',
    '/services/data/tooling/executeAnonymous',
    '/services/data/services/data/v60.0/x',
    'services/data/v60.0/x',
    'https://evil.example/services/data/v60.0/x',
    '//evil.example/v60.0/x',
    '//v60.0/x',
    '/services/apexrest/Hook',
    '/services/Soap/u/60.0',
    '/Services/data/v60.0/x',
    'v60/x',
    'v60.0x/y',
    'v60.0;x/y',
    '@{a.url}',
    '@{a.id}/x',
    'v60.0/../x',
    'v60.0/a/%2e%2e/x',
    'v60.0/a/%252e%252e/x',
    'v60.0/a\\..\\x',
    'v60.0/a b',
    'v60.0/é',
    'v60.0/a#b',
    'v60.0/a\nb',
    'v60.0/%zz',
    'v60.0/@{a.Name}',
    'v60.0/sobjects/Account/@{q.records[0].Id}',
    'v60.0/x/@{a.id',
    'v60.0/x/%40{a.Name}',
    'v60.0/x/%40%7Ba.Name%7D',
    'v60.0/x/%2540%257Ba.Name%257D',
    'v60.0/x/@%7Ba.Name}',
    'v60.0/@@{a.id}{b.Name}',
    'v60.0/x/@{a.b.id}',
    'v60.0/x/@{a.id?b}',
  ])('%j', (url) =>
    expect(() => one({ url })).toThrow(expect.objectContaining({ name: 'ProxyError' })),
  );
});

test('a url may be as long as a URI of Salesforce', () => {
  const url = `${v}/query?q=`.padEnd(16_384, 'x');
  expect(one({ url })[0]?.target.raw).toBe(url);
  expect(() => one({ url: `${url}x` })).toThrow('too long');
});

describe('methods that something in a sub-request names', () => {
  const methods = (fields: object) => one(fields).flatMap(plausibleMethods);
  test.each([
    [{ url: 'v60.0/x' }, ['GET']],
    [{ url: 'v60.0/x', method: 'delete' }, ['DELETE']],
    [{ url: 'v60.0/x?_HttpMethod=DELETE' }, ['GET', 'DELETE']],
    [{ url: 'v60.0/x?a=b\n&_HttpMethod=DELETE' }, ['GET', 'DELETE']],
    [{ url: 'v60.0/x', httpHeaders: { 'X-HTTP-Method-Override': 'PATCH' } }, ['GET', 'PATCH']],
    [
      { url: 'v60.0/x', httpHeaders: { ' x-http-method ': 'PATCH', 'If-Match': 'x' } },
      ['GET', 'PATCH'],
    ],
    [{ url: "v60.0/query?q=Id+=+'@{a.id}'" }, ['GET']],
  ])('%j', (fields, expected) => expect(methods(fields)).toEqual(expected));

  test.each([
    { url: "v60.0/query?q=Name+=+'@{a.Name}'" },
    { url: 'v60.0/query?q=%40%7Ba.Name%7D' },
    { url: 'v60.0/x', httpHeaders: { 'x-http-method': ['PATCH'], 'X-HTTP-METHOD': 7 } },
  ])('%j may be any', (fields) => expect(methods(fields)).toContain('DELETE'));
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a list', [{ method: 'GET', url: `${v}/x` }]],
  ['text', `{"compositeRequest":[]}`],
  ['no sub-requests', {}],
  ['an empty list', { compositeRequest: [], batchRequests: [] }],
  ['an empty graph', { graphs: [{ compositeRequest: [] }] }],
  ['a list that is an object', { compositeRequest: { method: 'GET', url: `${v}/x` } }],
  ['a list of text', { compositeRequest: ['GET /x'] }],
  ['another spelling', { CompositeRequest: [{ method: 'GET', url: `${v}/x` }] }],
  ['two spellings', { compositeRequest: [{ method: 'GET', url: `${v}/x` }], compositerequest: [] }],
  ['no url', { compositeRequest: [{ method: 'GET' }] }],
  ['no method', { compositeRequest: [{ url: `${v}/x` }] }],
  ['two methods', { compositeRequest: [{ method: 'GET', Method: 'DELETE', url: `${v}/x` }] }],
  ['two urls', { compositeRequest: [{ method: 'GET', URL: `${v}/y`, url: `${v}/x` }] }],
  ['an unknown method', { compositeRequest: [{ method: 'HttpDelete', url: `${v}/x` }] }],
  ['a method with a space', { compositeRequest: [{ method: 'GET ', url: `${v}/x` }] }],
  [
    'headers that are no object',
    { compositeRequest: [{ method: 'GET', url: `${v}/x`, httpHeaders: ['a'] }] },
  ],
  [
    'two bodies by case',
    { compositeRequest: [{ method: 'GET', url: `${v}/x`, body: {}, Body: {} }] },
  ],
])('%s: refused', (_, body) => {
  expect(() => readListedRequests(body)).toThrow(
    expect.objectContaining({ code: 'policy_denied' }),
  );
});
