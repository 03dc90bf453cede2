import { expect, test } from 'vitest';
import { readElement } from '../../../src/simulator/xml.ts';
import { type Send, send, startOrgWithSession } from '../org-fixture.ts';

const jobs = '/services/async/67.0/job';

async function startBulk(contentType: string) {
  const { org, token } = await startOrgWithSession();
  return (path: string, { headers, ...rest }: Send = {}) =>
    send(org, `${jobs}${path}`, {
      ...rest,
      headers: { 'x-sfdc-session': token, 'content-type': contentType, ...headers },
    });
}

const jobInfo = (fields: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">${fields}</jobInfo>`;

test('an XML job takes CSV batches and is closed', async () => {
  const call = await startBulk('application/xml');
  const created = await call('', {
    method: 'POST',
    body: jobInfo(
      '<operation>insert</operation><object>Account</object><contentType>CSV</contentType>',
    ),
  });
  expect(created.status).toBe(201);
  const id = readElement(created.body, 'id');
  const batch = await call(`/${id}/batch`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'Name\nOne\n""\n',
  });
  expect([batch.status, readElement(batch.body, 'state')]).toEqual([201, 'Queued']);
  const batchUrl = `/${id}/batch/${readElement(batch.body, 'id')}`;
  const done = await call(batchUrl);
  expect(readElement(done.body, 'state')).toBe('Completed');
  const result = await call(`${batchUrl}/result`);
  expect(result.body).toMatch(/^"Id","Success","Created","Error"\n"001\w{15}","true","true",""\n/);
  expect((await call(`/${id}/batch`)).body).toContain('<batchInfoList');
  const closed = await call(`/${id}`, { method: 'POST', body: jobInfo('<state>Closed</state>') });
  expect(readElement(closed.body, 'state')).toBe('Closed');
  expect(readElement((await call(`/${id}`)).body, 'state')).toBe('Closed');
});

test('a JSON job is answered in JSON', async () => {
  const call = await startBulk('application/json');
  const { id } = (
    await call('', {
      method: 'POST',
      body: '{"operation":"insert","object":"Contact","contentType":"JSON"}',
    })
  ).json();
  const batch = (
    await call(`/${id}/batch`, { method: 'POST', body: '[{"LastName":"One"},{"FirstName":"x"}]' })
  ).json();
  expect((await call(`/${id}/batch/${batch.id}`)).json()).toMatchObject({
    state: 'Completed',
    numberRecordsFailed: 1,
  });
  expect((await call(`/${id}/batch/${batch.id}/result`)).json()).toMatchObject([
    { success: true, created: true },
    { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] },
  ]);
});

test('a query batch has a list with one result', async () => {
  const call = await startBulk('application/json');
  const { id } = (
    await call('', {
      method: 'POST',
      body: '{"operation":"query","object":"Account","contentType":"JSON"}',
    })
  ).json();
  const batch = (
    await call(`/${id}/batch`, { method: 'POST', body: 'SELECT Name FROM Account LIMIT 2' })
  ).json();
  const url = `/${id}/batch/${batch.id}/result`;
  const [resultId] = (await call(url)).json();
  expect((await call(`${url}/${resultId}`)).json()).toMatchObject([
    { Name: 'Acme Analytics 1' },
    { Name: 'Blue Bakery 2' },
  ]);
});

test('XML batches are read as well', async () => {
  const call = await startBulk('application/xml');
  const created = await call('', {
    method: 'POST',
    body: jobInfo('<operation>insert</operation><object>Account</object>'),
  });
  const id = readElement(created.body, 'id');
  const batch = await call(`/${id}/batch`, {
    method: 'POST',
    body: '<sObjects><sObject><Name>A &amp; B</Name></sObject></sObjects>',
  });
  const result = await call(`/${id}/batch/${readElement(batch.body, 'id')}/result`);
  expect(readElement(result.body, 'success')).toBe('true');
});
