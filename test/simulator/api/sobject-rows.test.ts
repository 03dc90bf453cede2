import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startOrgWithSession } from '../org-fixture.ts';

const sobjects = '/services/data/v67.0/sobjects';

test('a record is created, read, updated, deleted and then gone', async () => {
  const { call, post } = await startOrgWithSession();
  const created = await post(`${sobjects}/Account`, { Name: 'Fresh', AnnualRevenue: 5 });
  const { id } = created.json();
  const url = `${sobjects}/Account/${id}`;
  expect([created.status, created.reason, created.headers.location]).toEqual([201, 'Created', url]);
  expect(created.json()).toEqual({ id, success: true, errors: [] });

  expect((await call(`${url}?fields=Name,AnnualRevenue`)).json()).toEqual({
    attributes: { type: 'Account', url },
    Name: 'Fresh',
    AnnualRevenue: 5,
    Id: id,
  });
  const updated = await call(url, { method: 'PATCH', body: '{"Name":"Changed"}' });
  expect([updated.status, updated.body, updated.headers['content-length']]).toEqual([
    204,
    '',
    undefined,
  ]);
  expect((await call(url.slice(0, -3))).json()).toMatchObject({ Name: 'Changed', Id: id });
  expect((await call(url, { method: 'DELETE' })).status).toBe(204);
  const gone = await call(url);
  expect([gone.status, gone.json()[0].errorCode]).toEqual([404, 'ENTITY_IS_DELETED']);

  const soql = encodeURIComponent(`SELECT Name FROM Account WHERE Id = '${id}'`);
  const found = async (resource: string) =>
    (await call(`/services/data/v67.0/${resource}?q=${soql}`)).json().totalSize;
  expect([await found('query'), await found('queryAll')]).toEqual([0, 1]);
});

test.each(['A/B C', 'a..b', '.', "O'Brien;v=1", 'x+y@z:1', '100%25', 'ü"\\'])(
  'the external id %s is decoded once, and upserted',
  async (value) => {
    const { call, post } = await startOrgWithSession();
    const url = `${sobjects}/Account/Ext__c/${encodeURIComponent(value)}`;
    const patch = (Name: string) => call(url, { method: 'PATCH', body: JSON.stringify({ Name }) });
    const inserted = await patch('One');
    expect([inserted.status, inserted.json().created]).toEqual([201, true]);
    const updated = await post(`${url}?_HttpMethod=PATCH`, { Name: 'Two' });
    expect([updated.status, updated.json()]).toEqual([
      200,
      { id: inserted.json().id, success: true, errors: [], created: false },
    ]);
    expect((await call(url)).json()).toMatchObject({ Name: 'Two', Ext__c: value });
  },
);

test.each([
  ['Account', {}, 'REQUIRED_FIELD_MISSING'],
  ['Account', { Name: 'x', Nothing__c: 1 }, 'INVALID_FIELD'],
  ['Account', { Name: 'x', AnnualRevenue: 'much' }, 'JSON_PARSER_ERROR'],
  ['Account', { Name: 'x', CreatedDate: '2024-01-01' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
  ['Contact', { LastName: 'x', AccountId: 'nonsense' }, 'MALFORMED_ID'],
  ['Account', '{"Name":', 'JSON_PARSER_ERROR'],
  ['Account', '[]', 'JSON_PARSER_ERROR'],
])('creating %s from %j is refused: %s', async (object, fields, errorCode) => {
  const { call } = await startOrgWithSession();
  const body = typeof fields === 'string' ? fields : JSON.stringify(fields);
  const answer = await call(`${sobjects}/${object}`, { method: 'POST', body });
  expect([answer.status, answer.json()[0].errorCode]).toEqual([400, errorCode]);
});

test('a gzipped request body is understood', async () => {
  const { org, call } = await startOrgWithSession();
  const body = gzipSync('{"Name":"Zipped"}');
  const answer = await call(`${sobjects}/Account`, {
    method: 'POST',
    headers: { 'content-encoding': 'gzip' },
    body,
  });
  expect(answer.status).toBe(201);
  expect(org.control.executed()).toMatchObject([{ bodyLength: body.length }]);
});

test('an account has an ETag, whose suffix names the encoding', async () => {
  const { call } = await startOrgWithSession();
  const url = `${sobjects}/Account/Ext__c/EXT-1`;
  const Description = 'long '.repeat(400);
  await call(url, { method: 'PATCH', body: JSON.stringify({ Description }) });
  const { headers } = await call(url);
  const zipped = await call(url, { headers: { 'accept-encoding': 'gzip' } });
  expect(zipped.headers.etag).toBe(String(headers.etag).replace(/"$/, '-gzip"'));
  for (const etag of [headers.etag, zipped.headers.etag]) {
    const again = await call(url, { headers: { 'if-none-match': String(etag) } });
    expect([again.status, again.body]).toEqual([304, '']);
  }
});

test('a JSON body that is too large is refused with an answer, not with a cut connection', async () => {
  const { call } = await startOrgWithSession();
  const body = Buffer.alloc(51 * 1024 * 1024, ' ');
  const answer = await call(`${sobjects}/Account`, { method: 'POST', body });
  expect([answer.status, answer.json()[0].errorCode]).toEqual([413, 'REQUEST_ENTITY_TOO_LARGE']);
});
