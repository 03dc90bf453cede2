import { expect, test } from 'vitest';
import { send, startOrg, startOrgWithSession } from '../org-fixture.ts';

const data = '/services/data/v67.0';

test('the versions need no login and report no API usage', async () => {
  const org = await startOrg();
  const answer = await send(org, '/services/data');
  expect(answer.status).toBe(200);
  expect(answer.headers['sforce-limit-info']).toBeUndefined();
  expect(answer.json()).toContainEqual({
    label: "Winter '18",
    url: '/services/data/v41.0',
    version: '41.0',
  });
  expect(answer.json().at(-1)).toMatchObject({ label: "Summer '26", version: '67.0' });
});

test('every answer carries the headers and cookies of Salesforce', async () => {
  const { org, call } = await startOrgWithSession({ apiLimit: 100 });
  org.control.apiUsage(41);
  const { headers, rawHeaders, reason } = await call(`${data}/limits`);
  expect(reason).toBe('OK');
  expect(headers).toMatchObject({
    'sforce-limit-info': 'api-usage=42/100',
    'content-type': 'application/json;charset=UTF-8',
    'x-content-type-options': 'nosniff',
    'x-robots-tag': 'none',
    'cache-control': 'no-cache,must-revalidate,max-age=0,no-store,private',
    server: 'sfdcedge',
    vary: 'Accept-Encoding',
  });
  expect(headers['set-cookie']?.map((cookie) => cookie.split('=')[0])).toEqual([
    'CookieConsentPolicy',
    'LSKey-c$CookieConsentPolicy',
    'BrowserId',
  ]);
  expect(rawHeaders).toContain('Sforce-Limit-Info');
  expect(headers['x-sfdc-request-id']).toMatch(/^[0-9a-f]{32}$/);
});

test('a large answer is gzipped for those who take it', async () => {
  const { call } = await startOrgWithSession();
  const plain = await call(`${data}/sobjects`);
  const zipped = await call(`${data}/sobjects`, { headers: { 'accept-encoding': 'gzip, br' } });
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(zipped.headers['transfer-encoding']).toBe('chunked');
  expect(zipped.body).toBe(plain.body);
});

test.each([
  ['GET', `${data}/nothing`, 404, 'NOT_FOUND'],
  ['GET', '/services/data/v68.0/limits', 404, 'NOT_FOUND'],
  ['GET', '/services/data/latest/limits', 404, 'NOT_FOUND'],
  ['GET', '/services/data/v30.0/limits', 410, 'GONE'],
  ['PUT', `${data}/limits`, 405, 'METHOD_NOT_ALLOWED'],
  ['GET', `${data}/query`, 400, 'MALFORMED_QUERY'],
  ['GET', `${data}/query/01g000000000009AAA-200`, 400, 'INVALID_QUERY_LOCATOR'],
  ['GET', `${data}/sobjects/Nothing__c`, 404, 'NOT_FOUND'],
  ['GET', `${data}/limits?${'x'.repeat(17_000)}`, 414, 'URI_TOO_LONG'],
  ['GET', '/services/apexrest/other', 404, 'NOT_FOUND'],
])('%s %.50s is answered %i %s', async (method, path, status, errorCode) => {
  const { call } = await startOrgWithSession();
  const answer = await call(path, { method });
  expect([answer.status, answer.json()[0].errorCode]).toEqual([status, errorCode]);
});

test('versions 31 to 40 still answer, with a warning', async () => {
  const { call } = await startOrgWithSession();
  expect(await call('/services/data/v35.0/limits')).toMatchObject({
    status: 200,
    headers: { warning: expect.stringMatching(/^299 - "This API is deprecated/) },
  });
});

test('a query comes in batches that nextRecordsUrl connects', async () => {
  const { call } = await startOrgWithSession();
  const headers = { 'sforce-query-options': 'batchSize=250' };
  const soql = encodeURIComponent('SELECT Id FROM Contact');
  const first = (await call(`${data}/query?q=${soql}`, { headers })).json();
  expect(first).toMatchObject({ totalSize: 600, done: false });
  expect(first.nextRecordsUrl).toMatch(/^\/services\/data\/v67\.0\/query\/01g\w{15}-250$/);
  const second = (await call(first.nextRecordsUrl, { headers })).json();
  const third = (await call(second.nextRecordsUrl, { headers })).json();
  expect([second.done, third.done]).toEqual([false, true]);
  const ids = [first, second, third].flatMap(({ records }) =>
    records.map(({ Id }: { Id: string }) => Id),
  );
  expect(new Set(ids).size).toBe(600);
});

test('SELECT COUNT() answers the number only', async () => {
  const { call } = await startOrgWithSession();
  const answer = await call(`${data}/query?q=SELECT+COUNT()+FROM+Account`);
  expect(answer.json()).toEqual({ totalSize: 300, done: true, records: [] });
});

test('userinfo and identity tell who is logged in, with absolute URLs', async () => {
  const { org, token, call } = await startOrgWithSession();
  const userinfo = (await call('/services/oauth2/userinfo')).json();
  expect(userinfo).toMatchObject({
    preferred_username: 'integration@example.com',
    organization_id: org.org.id18,
    urls: { rest: `${org.origin}/services/data/v{version}/` },
  });
  const { identity } = (await call(data)).json();
  expect(identity).toBe(userinfo.sub);
  const viaQuery = await send(org, `${identity}?format=json&oauth_token=${token}`);
  expect(viaQuery.json()).toMatchObject({ username: 'integration@example.com' });
});

test('describe names the fields, and gives absolute URLs only for the UI', async () => {
  const { org, call } = await startOrgWithSession();
  const describe = (await call(`${data}/sobjects/account/describe`)).json();
  expect(describe.urls).toMatchObject({
    sobject: `${data}/sobjects/Account`,
    uiDetailTemplate: `${org.origin}/{ID}`,
  });
  expect(describe.fields).toContainEqual(
    expect.objectContaining({ name: 'Ext__c', externalId: true, custom: true }),
  );
});
