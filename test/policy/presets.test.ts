import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { compilePolicy, judge, needsBody, type Policy } from '../../src/policy/policy.ts';
import { presets } from '../../src/policy/presets.ts';
import { parseRequestTarget } from '../../src/policy/request-target.ts';

const data = compilePolicy({ name: 'data', presets: ['data'] });
const readOnly = compilePolicy({ name: 'read-only', presets: ['read-only'] });
const legacy = compilePolicy({ name: 'legacy', presets: ['legacy'] });

function passes(policy: Policy, method: string, path: string, json: unknown): boolean {
  const target = parseRequestTarget(path.replace(/^~/, '/services/data/v60.0'));
  const body = Buffer.from(json === undefined ? '' : JSON.stringify(json));
  const contentType = json === undefined ? undefined : 'application/json';
  return judge(policy, { method, target, contentType, body }).allowed;
}

const v = '/services/data/v60.0';
const read = { method: 'GET', url: `${v}/sobjects/Account/001`, referenceId: 'r' };
const write = {
  method: 'PATCH',
  url: `${v}/sobjects/Account/001`,
  referenceId: 'w',
  body: { Name: 'x' },
};
const record = { attributes: { type: 'Account', referenceId: 'a' }, Name: 'x' };
const query = { query: 'query a { uiapi { query { Account { edges { node { Id } } } } } }' };
const mutation = { query: 'mutation { uiapi { AccountCreate(input: {}) { Record { Id } } } }' };

type Row = [
  passes: 'D' | 'L' | 'R' | 'DL' | 'DLR' | '-',
  method: string,
  path: string,
  body?: unknown,
];

/** D: allowed by `data`, L: by `legacy`, R: by `read-only`; `~` is /services/data/v60.0. */
const table: Row[] = [
  // Reading.
  ['DLR', 'GET', '/services/data'],
  ['DLR', 'GET', '/services/data/'],
  ['DLR', 'GET', '~'],
  ['DLR', 'GET', '~/limits'],
  ['DLR', 'GET', '~/query?q=SELECT+Id+FROM+Account'],
  ['DLR', 'GET', '~/query/01gxx-2000'],
  ['DLR', 'GET', '~/queryAll?q=SELECT+Id+FROM+Account'],
  ['DLR', 'GET', '~/search?q=FIND+%7Bx%7D'],
  ['DLR', 'GET', '~/parameterizedSearch?q=x'],
  ['DLR', 'POST', '~/parameterizedSearch', { q: 'x' }],
  ['DLR', 'GET', '~/sobjects'],
  ['DLR', 'GET', '~/sobjects/Account'],
  ['DLR', 'GET', '~/sobjects/Account/describe'],
  ['DLR', 'GET', '~/sobjects/Account/001?fields=Name'],
  ['DLR', 'GET', '~/sobjects/Account/Ext__c/A%2FB%20C'],
  ['DLR', 'GET', '~/sobjects/Account/Ext__c/a..b;c'],
  ['DLR', 'GET', '~/sobjects/Attachment/00P/Body'],
  ['DLR', 'GET', '~/sobjects/Account/updated/?start=2026-01-01'],
  ['DLR', 'HEAD', '~/sobjects/Account/001'],
  ['DLR', 'OPTIONS', '~/sobjects/Account'],
  ['DLR', 'GET', '~/recent'],
  ['DLR', 'GET', '~/ui-api/records/001'],
  ['DLR', 'GET', '~/ui-api/records/batch/001,002'],
  ['DLR', 'GET', '~/connect/communities'],
  ['DLR', 'GET', '~/chatter/feeds/news/me/feed-elements'],
  ['DLR', 'GET', '~/actions/standard'],
  ['DLR', 'GET', '~/quickActions'],
  ['DLR', 'GET', '~/process/rules'],
  ['DLR', 'GET', '~/tooling/query?q=SELECT+Id+FROM+ApexClass'],
  ['DLR', 'GET', '~/tooling/sobjects/ApexClass/01p'],
  ['DLR', 'GET', '~/tooling/completions?type=apex'],
  ['DLR', 'GET', '~/composite'],
  ['DLR', 'GET', '~/composite/sobjects/Account?ids=001,002&fields=Name'],
  ['DLR', 'POST', '~/composite/sobjects/Account', { ids: ['001'], fields: ['Name'] }],
  ['DLR', 'POST', '~/jobs/query', { operation: 'query', query: 'SELECT Id FROM Account' }],
  ['DLR', 'GET', '~/jobs/query/750/results?maxRecords=10'],
  ['DLR', 'GET', '~/jobs/ingest/750'],
  ['DLR', 'GET', '~/jobs/ingest/750/failedResults'],
  ['DLR', 'GET', '~/analytics/reports/00O?includeDetails=true'],
  ['DLR', 'POST', '~/analytics/reports/00O', { reportMetadata: {} }],
  ['DLR', 'POST', '~/analytics/reports/00O/instances', {}],
  ['DLR', 'GET', '~/analytics/reports/00O/instances/0LG'],
  ['DLR', 'POST', '~/analytics/reports/query', { reportMetadata: {} }],
  ['DLR', 'POST', '~/composite', { compositeRequest: [read] }],
  ['DLR', 'POST', '~/composite/batch', { batchRequests: [{ method: 'GET', url: 'v60.0/limits' }] }],
  ['DLR', 'POST', '~/composite/graph', { graphs: [{ graphId: '1', compositeRequest: [read] }] }],
  ['DLR', 'POST', '~/tooling/composite', { compositeRequest: [read] }],
  ['DLR', 'POST', '~/graphql', query],
  ['DLR', 'POST', '~/graphql/', query],
  ['DLR', 'GET', '~/graphql?query=%7Buiapi%7Bx%7D%7D'],

  // Writing.
  ['DL', 'POST', '~/sobjects/Account', { Name: 'x' }],
  ['DL', 'PATCH', '~/sobjects/Account/001', { Name: 'x' }],
  ['DL', 'PATCH', '~/sobjects/Account/Ext__c/A%2FB', { Name: 'x' }],
  ['DL', 'PUT', '~/sobjects/Account/001', {}],
  ['DL', 'DELETE', '~/sobjects/Account/001'],
  ['DL', 'POST', '~/sobjects/Account/001?_HttpMethod=PATCH', {}],
  ['DL', 'GET', '~/sobjects/Account/001?_HttpMethod=DELETE'],
  ['DL', 'GET', '~/sobjects/Account/001?_HttpMethod=%44ELETE'],
  ['DL', 'GET', '~/sobjects/Account/001?%5fhttpmethod=patch'],
  ['DL', 'HEAD', '~/sobjects/Account/001?x;_HttpMethod=DELETE'],
  ['DL', 'POST', '~/analytics/reports/00O?_HttpMethod=DELETE', {}],
  ['DL', 'POST', '~/analytics/reports/00O%3F_HttpMethod=DELETE', {}],
  ['DL', 'POST', '~/analytics/reports', { reportMetadata: {} }],
  ['DL', 'POST', '~/analytics/reports?cloneId=00O', {}],
  ['DL', 'POST', '~/analytics/reports/00O/instances/0LG', {}],
  ['DL', 'PATCH', '~/analytics/reports/00O', { reportMetadata: {} }],
  ['DL', 'DELETE', '~/analytics/reports/00O'],
  ['DL', 'PUT', '~/analytics/dashboards/01Z'],
  ['DL', 'POST', '~/analytics/notifications', {}],
  ['DL', 'PATCH', '~/parameterizedSearch', {}],
  ['DL', 'POST', '~/ParameterizedSearch', {}],
  ['DL', 'POST', '~/query', {}],
  ['DL', 'POST', '~/search', {}],
  ['DL', 'PATCH', '~/jobs/query/750', { state: 'Aborted' }],
  ['DL', 'DELETE', '~/jobs/query/750'],
  ['DL', 'POST', '~/jobs/query/750', {}],
  ['DL', 'POST', '~/jobs/ingest', { object: 'Account', operation: 'insert' }],
  ['DL', 'PUT', '~/jobs/ingest/750/batches'],
  ['DL', 'PATCH', '~/jobs/ingest/750', { state: 'UploadComplete' }],
  ['DL', 'POST', '~/jobs/query%2F..ingest', {}],
  ['DL', 'POST', '~/ui-api/records', { apiName: 'Account' }],
  ['DL', 'POST', '~/connect/files/users/me', {}],
  ['DL', 'POST', '~/connect/batch', { batchRequests: [read] }],
  ['DL', 'POST', '~/chatter/feed-elements', {}],
  ['DL', 'POST', '~/actions/standard/emailSimple', { inputs: [] }],
  ['DL', 'POST', '~/actions/custom/flow/X', { inputs: [] }],
  ['DL', 'POST', '~/quickActions/LogACall', {}],
  ['DL', 'POST', '~/process/rules', {}],
  ['DL', 'POST', '~/process/approvals', {}],
  ['DL', 'PATCH', '~/consent/action/x', {}],
  ['DL', 'POST', '~/metadata/deployRequest', {}],
  ['DL', 'POST', '~/tooling/sobjects/ApexClass', {}],
  ['DL', 'DELETE', '~/sobjects/User/005/password'],
  ['DL', 'TRACE', '~/limits'],

  // GETs that run code, in every spelling.
  ['DL', 'GET', '~/tooling/executeAnonymous?anonymousBody=delete+x;'],
  ['DL', 'GET', '~/tooling/executeAnonymous/?anonymousBody=x'],
  ['DL', 'HEAD', '~/tooling/executeAnonymous?anonymousBody=x'],
  ['DL', 'OPTIONS', '~/tooling/executeAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/executeAnonymous.json?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/executeanonymous?anonymousBody=x'],
  ['DL', 'GET', '~/Tooling/ExecuteAnonymous/?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/%65xecuteAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/%2565xecuteAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/tooling%2FexecuteAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/tooling%5CexecuteAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/tooling;x=1/executeAnonymous;y?anonymousBody=x'],
  ['DL', 'GET', '~//tooling//executeAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/;x/tooling/executeAnonymous?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/executeAnonymous%20?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/executeAnonymous%3FanonymousBody=x'],
  ['DL', 'GET', '~/tooling/executeAnonymous/x?anonymousBody=x'],
  ['DL', 'GET', '~/tooling/runTestsAsynchronous/?classids=01p'],
  ['DL', 'POST', '~/tooling/runTestsAsynchronous', {}],
  ['DL', 'GET', '~/tooling/runTestsSynchronous/?classnames=x'],
  ['DL', 'GET', '~/tooling/runtests/'],

  // Composite requests do what their sub-requests do.
  ['DL', 'POST', '~/composite', { compositeRequest: [read, write] }],
  [
    'DL',
    'POST',
    '~/composite',
    { compositeRequest: [{ ...read, url: `${v}/tooling/executeAnonymous?x` }] },
  ],
  [
    'DL',
    'POST',
    '~/composite',
    { compositeRequest: [{ ...read, url: `${read.url}?_HttpMethod=DELETE` }] },
  ],
  [
    'DL',
    'POST',
    '~/composite/batch',
    { batchRequests: [{ method: 'DELETE', url: 'v60.0/sobjects/Account/001' }] },
  ],
  [
    'DL',
    'POST',
    '~/composite/graph',
    { graphs: [{ compositeRequest: [read] }, { compositeRequest: [write] }] },
  ],
  ['DL', 'POST', '~/composite/tree/Account', { records: [record] }],
  ['DL', 'POST', '~/composite/sobjects', { records: [record] }],
  ['DL', 'POST', '~/composite/sobjects/Account', { records: [record] }],
  [
    'DL',
    'POST',
    '~/composite/sobjects/Account',
    { ids: ['001'], fields: ['Id'], records: [record] },
  ],
  ['DL', 'PATCH', '~/composite/sobjects', { records: [record] }],
  ['DL', 'PATCH', '~/composite/sobjects/Account/Ext__c', { records: [record] }],
  ['DL', 'DELETE', '~/composite/sobjects?ids=001,002'],
  ['DL', 'POST', '~/tooling/composite', { compositeRequest: [write] }],
  ['DL', 'POST', '~/Composite', { compositeRequest: [read] }],
  ['DL', 'POST', '~/composite.json', { compositeRequest: [read] }],
  ['DL', 'POST', '~/composite/unheard/of', { compositeRequest: [read] }],
  ['DL', 'POST', '~/graphql', mutation],
  [
    'DL',
    'POST',
    '~/graphql',
    { ...query, query: `${query.query} ${mutation.query}`, operationName: 'a' },
  ],
  ['DL', 'GET', '~/graphql?query=mutation%7Bx%7D'],
  ['DL', 'GET', '~/Graphql?query=mutation%7Bx%7D'],
  ['DL', 'POST', '~/graphql?query=mutation%7Bx%7D', query],
  ['DL', 'POST', '~/graphql', { persistedQuery: '1' }],

  // Outside of /services/data.
  ['L', 'GET', '/services/apexrest/Hook'],
  ['L', 'POST', '/services/apexrest/Hook', {}],
  ['L', 'GET', '/services/async/60.0/job/750'],
  ['L', 'POST', '/services/async/60.0/job', {}],
  ['L', 'POST', '/services/Soap/u/64.0'],
  ['L', 'POST', '//services/Soap/u/64.0/'],
  ['L', 'POST', '/services/Soap/m/64.0/00D000000000001'],
  ['L', 'POST', '/cometd/60.0/'],
  ['L', 'GET', '/cometd/60.0/'],
  ['L', 'GET', '/services/oauth2/userinfo'],
  ['-', 'GET', '/services/oauth2/userinfo/x'],
  ['L', 'GET', '/id/00D/005?oauth_token=x'],
];

test.each(table)('%s: %s %s', (expected, method, path, body) => {
  const passed = [
    passes(data, method, path, body) ? 'D' : '',
    passes(legacy, method, path, body) ? 'L' : '',
    passes(readOnly, method, path, body) ? 'R' : '',
  ].join('');
  expect(passed || '-').toBe(expected);
});

test('the hot path of the presets that allow writing never holds a body', () => {
  const target = parseRequestTarget('/services/data/v60.0/composite');
  expect(needsBody(data, target)).toBe(false);
  expect(needsBody(legacy, target)).toBe(false);
  expect(needsBody(readOnly, target)).toBe(true);
});

test('preset names', () => {
  expect(Object.keys(presets)).toEqual(['data', 'read-only', 'legacy']);
});
