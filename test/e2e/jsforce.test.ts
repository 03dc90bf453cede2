// jsforce 3, unmodified, with the proxy as its instance and no credential of its own.
import { once } from 'node:events';
import jsforce from 'jsforce';
import { describe, expect, test } from 'vitest';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { startOrg, testUsername } from '../support/start-org.ts';
import { startProxy, type TestProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

interface Setup {
  readonly org: SimulatedOrg;
  readonly proxy: TestProxy;
  readonly connection: jsforce.Connection;
}

async function connect(accessToken = ''): Promise<Setup> {
  const org = await startOrg();
  const proxy = await startProxy(org, { org: { policy: 'legacy' } });
  const connection = new jsforce.Connection({
    instanceUrl: proxy.url,
    accessToken,
    version: '67.0',
  });
  return { org, proxy, connection };
}

/** Everything arrived through the proxy: the org saw nobody else, and no session that jsforce brought. */
function expectOneLogin({ org, proxy }: Setup): void {
  expect(org.control.counts().exchanges).toBe(1);
  expect(proxy.eventsOf('request').filter(({ error }) => error)).toEqual([]);
  expect(org.control.executed().every(({ username }) => username === testUsername)).toBe(true);
}

async function loadByBulk1({ org, connection }: Setup, record: { Name: string }) {
  const [result] = await connection.bulk.load('Account', 'insert', [record]);
  // jsforce closes the job without waiting for the answer.
  const isClose = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && /\/job\/\w+$/.test(path);
  await waitFor(() => org.control.executed().some(isClose), 'the end of the job');
  return result;
}

describe.for([
  ['no token', ''],
  ['a dummy token', 'dummy'],
])('with %s', ([, accessToken]) => {
  test('records: create, retrieve, update, upsert, delete', async () => {
    const setup = await connect(accessToken);
    const accounts = setup.connection.sobject('Account');
    const { id, success } = await accounts.create({ Name: 'made', Ext__c: 'js-1' });
    expect(success).toBe(true);
    await accounts.update({ Id: String(id), Industry: 'Energy' });
    await accounts.upsert({ Ext__c: 'js-1', Name: 'made again' }, 'Ext__c');
    expect(await accounts.retrieve(String(id))).toMatchObject({
      Name: 'made again',
      Industry: 'Energy',
    });
    expect(await accounts.destroy(String(id))).toMatchObject({ success: true });
    await expect(accounts.retrieve(String(id))).rejects.toMatchObject({
      errorCode: 'ENTITY_IS_DELETED',
    });
    expectOneLogin(setup);
  });

  test('collections: many records in one request', async () => {
    const setup = await connect(accessToken);
    const accounts = setup.connection.sobject('Account');
    const made = await accounts.create([{ Name: 'one' }, { Name: 'two' }, {} as never]);
    expect(made.map(({ success }) => success)).toEqual([true, true, false]);
    const ids = made.flatMap(({ id }) => id ?? []);
    expect((await accounts.retrieve(ids)).map(({ Name }) => Name)).toEqual(['one', 'two']);
    const deleted = await accounts.destroy(ids);
    expect(deleted.map(({ success }) => success)).toEqual([true, true]);
    expectOneLogin(setup);
  });

  test('a query of several pages, fetched as a stream and page by page', async () => {
    const setup = await connect(accessToken);
    const { connection } = setup;
    const headers = { 'Sforce-Query-Options': 'batchSize=200' };
    const query = connection.query('SELECT Id, Account.Name FROM Contact', { headers });
    let streamed = 0;
    query.on('record', () => {
      streamed += 1;
    });
    query.run({ autoFetch: true, maxFetch: 10_000 });
    await once(query, 'end');

    let page = await connection.query('SELECT Id FROM Contact', { headers });
    const sizes = [page.records.length];
    while (page.nextRecordsUrl !== undefined) {
      page = await connection.queryMore(page.nextRecordsUrl);
      sizes.push(page.records.length);
    }
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(page.totalSize);
    expect(streamed).toBe(page.totalSize);
    expectOneLogin(setup);
  });

  test('describe, describeGlobal and limits', async () => {
    const setup = await connect(accessToken);
    const { connection } = setup;
    const { fields } = await connection.describe('Account');
    expect(fields.map(({ name }) => name)).toContain('Industry');
    const { sobjects } = await connection.describeGlobal();
    expect(sobjects.map(({ name }) => name)).toContain('Opportunity');
    expect(await connection.limits()).toHaveProperty('DailyApiRequests');
    expect(connection.limitInfo.apiUsage).toMatchObject({ limit: 15_000 });
    expectOneLogin(setup);
  });

  test('composite: a request that uses the answer of another', async () => {
    const setup = await connect(accessToken);
    const url = '/services/data/v67.0/sobjects';
    const answer = await setup.connection.requestPost<{ compositeResponse: unknown[] }>(
      '/services/data/v67.0/composite',
      {
        compositeRequest: [
          { method: 'POST', url: `${url}/Account`, referenceId: 'made', body: { Name: 'comp' } },
          { method: 'GET', url: `${url}/Account/@{made.id}`, referenceId: 'read' },
        ],
      },
    );
    expect(answer.compositeResponse).toMatchObject([
      { httpStatusCode: 201 },
      { httpStatusCode: 200, body: { Name: 'comp' } },
    ]);
    expectOneLogin(setup);
  });

  test('Bulk 2.0: ingest and query', async () => {
    const setup = await connect(accessToken);
    const { bulk2 } = setup.connection;
    const results = await bulk2.loadAndWaitForResults({
      object: 'Account',
      operation: 'insert',
      input: ['bulk 1', 'bulk 2', ''].map((Name) => ({ Name, Industry: 'Energy' })),
    });
    expect(results.successfulResults).toHaveLength(2);
    expect(results.failedResults).toHaveLength(1);
    const names: unknown[] = [];
    const soql = "SELECT Name FROM Account WHERE Name LIKE 'bulk %' ORDER BY Name";
    for await (const record of await bulk2.query(soql)) names.push(record.Name);
    expect(names).toEqual(['bulk 1', 'bulk 2']);
    expectOneLogin(setup);
  });

  test('Bulk 1.0, whose session has a header of its own', async () => {
    const setup = await connect(accessToken);
    expect(await loadByBulk1(setup, { Name: 'bulk one' })).toMatchObject({ success: true });
    expectOneLogin(setup);
  });

  test('the identity, whose token is in the query', async () => {
    const setup = await connect(accessToken);
    const { connection, proxy } = setup;
    const info = await connection.request<{ user_id: string; organization_id: string }>(
      '/services/oauth2/userinfo',
    );
    const { user_id: id, organization_id: organizationId } = info;
    // Without this, jsforce follows the absolute URL of the login host, past the proxy.
    connection.userInfo = { id, organizationId, url: `${proxy.url}/id/${organizationId}/${id}` };
    expect(await connection.identity()).toMatchObject({ username: testUsername, user_id: id });
    expectOneLogin(setup);
  });
});

describe('a session that ends in the middle is not noticed', () => {
  test('between the pages of a query', async () => {
    const { org, connection } = await connect();
    const headers = { 'Sforce-Query-Options': 'batchSize=200' };
    const page = await connection.query('SELECT Id FROM Contact', { headers });
    expect(org.control.endSessions()).toBe(1);
    const next = await connection.queryMore(String(page.nextRecordsUrl));
    expect(next.records.length).toBeGreaterThan(0);
    expect(org.control.counts().exchanges).toBe(2);
  });

  test('before a record is written, which is written once', async () => {
    const { org, connection } = await connect();
    org.control.endSessions();
    await connection.sobject('Account').create({ Name: 'only once' });
    const { totalSize } = await connection.query("SELECT Id FROM Account WHERE Name = 'only once'");
    expect(totalSize).toBe(1);
    expect(org.control.counts().exchanges).toBe(2);
  });

  test('while many requests are under way: one login for all', async () => {
    const { org, connection } = await connect();
    org.control.endSessions();
    const ids = Array.from({ length: 40 }, () =>
      connection.query('SELECT Id FROM Account LIMIT 1'),
    );
    expect((await Promise.all(ids)).map(({ records }) => records.length)).toEqual(
      Array.from({ length: 40 }, () => 1),
    );
    expect(org.control.counts().exchanges).toBe(2);
  });

  test('in the middle of a Bulk 1.0 and a Bulk 2.0 job', async () => {
    const setup = await connect();
    const { org, connection } = setup;
    const job = connection.bulk2.createJob({ object: 'Account', operation: 'insert' });
    await job.open();
    org.control.endSessions();
    await job.uploadData([{ Name: 'late' }]);
    org.control.endSessions();
    await job.close();
    await job.poll();
    expect(await job.getSuccessfulResults()).toHaveLength(1);
    org.control.endSessions();
    expect(await loadByBulk1(setup, { Name: 'late too' })).toMatchObject({ success: true });
    expect(org.control.counts().exchanges).toBe(4);
  });
});
