import { expect, test } from 'vitest';
import { startOrgWithSession } from '../org-fixture.ts';

const jobs = '/services/data/v67.0/jobs';

test('an ingest job applies its CSV and tells what became of each row', async () => {
  const { call, post } = await startOrgWithSession();
  const job = (
    await post(`${jobs}/ingest`, { object: 'Account', operation: 'insert', lineEnding: 'LF' })
  ).json();
  expect(job).toMatchObject({ state: 'Open', apiVersion: 67 });
  const url = `${jobs}/ingest/${job.id}`;
  const csv = 'Name,AnnualRevenue,Ext__c\n"Bulk, ""One""",12.5,B/1\nBulk Two,,B/2\n,1,B/3\n';
  const uploaded = await call(`/${job.contentUrl}`, { method: 'PUT', body: csv });
  expect([uploaded.status, uploaded.reason]).toEqual([201, 'Created']);
  const closed = await post(url, { state: 'UploadComplete' }, { method: 'PATCH' });
  expect(closed.json().state).toBe('UploadComplete');
  await expect.poll(async () => (await call(url)).json().state).toBe('JobComplete');
  expect((await call(url)).json()).toMatchObject({
    numberRecordsProcessed: 3,
    numberRecordsFailed: 1,
  });
  const successes = (await call(`${url}/successfulResults`)).body.split('\n');
  expect(successes[0]).toBe('"sf__Id","sf__Created","Name","AnnualRevenue","Ext__c"');
  expect(successes[1]).toMatch(/^"001\w{15}","true","Bulk, ""One""","12.5","B\/1"$/);
  expect((await call(`${url}/failedResults`)).body).toContain('REQUIRED_FIELD_MISSING');
  expect((await call(url, { method: 'DELETE' })).status).toBe(204);
  expect((await call(url)).status).toBe(404);
});

test('an upsert job finds its records by external id', async () => {
  const { call, post } = await startOrgWithSession();
  const job = (
    await post(`${jobs}/ingest`, {
      object: 'Account',
      operation: 'upsert',
      externalIdFieldName: 'Ext__c',
      columnDelimiter: 'TAB',
      lineEnding: 'CRLF',
    })
  ).json();
  const url = `${jobs}/ingest/${job.id}`;
  const body = 'Ext__c\tName\r\nEXT-1\tRenamed\r\nEXT-new\tNew\r\n';
  await call(`${url}/batches`, { method: 'PUT', body });
  await post(url, { state: 'UploadComplete' }, { method: 'PATCH' });
  await expect.poll(async () => (await call(url)).json().state).toBe('JobComplete');
  const rows = (await call(`${url}/successfulResults`)).body.split('\r\n');
  expect(rows[1]).toMatch(/"false"\t"EXT-1"/);
  expect(rows[2]).toMatch(/"true"\t"EXT-new"/);
});

test('an aborted job keeps its rows as unprocessed', async () => {
  const { call, post } = await startOrgWithSession();
  const { id } = (await post(`${jobs}/ingest`, { object: 'Account', operation: 'insert' })).json();
  const url = `${jobs}/ingest/${id}`;
  await call(`${url}/batches`, { method: 'PUT', body: 'Name\nNever\n' });
  expect((await post(url, { state: 'Aborted' }, { method: 'PATCH' })).json().state).toBe('Aborted');
  expect((await call(`${url}/unprocessedrecords`)).body).toBe('Name\nNever\n');
  expect((await post(url, { state: 'UploadComplete' }, { method: 'PATCH' })).status).toBe(400);
});

test('a query job pages its CSV with Sforce-Locator', async () => {
  const { call, post } = await startOrgWithSession();
  const query = 'SELECT Id, Account.Name, CreatedDate FROM Contact ORDER BY Id LIMIT 5';
  const job = (await post(`${jobs}/query`, { operation: 'query', query })).json();
  const url = `${jobs}/query/${job.id}`;
  expect((await call(url)).json()).toMatchObject({ state: 'JobComplete' });
  const first = await call(`${url}/results?maxRecords=3`);
  expect(first.headers['sforce-numberofrecords']).toBe('3');
  expect(first.body.split('\n')[0]).toBe('"Id","Account.Name","CreatedDate"');
  expect(first.body.split('\n')[1]).toMatch(/"2024-01-01T09:00:00.000Z"$/);
  const locator = first.headers['sforce-locator'];
  const second = await call(`${url}/results?maxRecords=3&locator=${locator}`);
  expect(second.headers).toMatchObject({
    'sforce-locator': 'null',
    'sforce-numberofrecords': '2',
  });
  const refused = await post(`${jobs}/query`, { operation: 'query', query: 'SELECT x' });
  expect([refused.status, refused.json()[0].errorCode]).toEqual([400, 'MALFORMED_QUERY']);
});
