// A process of its own that uses jsforce against the simulated org, trusting its certificate through NODE_EXTRA_CA_CERTS, and prints
// what it saw as JSON. argv: instance URL, access token, control origin.

import { once } from 'node:events';
import jsforce from 'jsforce';

const [, , instanceUrl = '', accessToken = '', controlOrigin = ''] = process.argv;
const connection = new jsforce.Connection({ instanceUrl, accessToken, version: '67.0' });
const accounts = connection.sobject('Account');

const created = await accounts.create({ Name: 'jsforce', Ext__c: 'js-1' });
const id = String(created.id);
await accounts.update({ Id: id, Name: 'jsforce 2' });
const upserted = await accounts.upsert({ Ext__c: 'js-1', Industry: 'Energy' }, 'Ext__c');
const retrieved = await accounts.retrieve(id);
const many = await accounts.create([{ Name: 'many 1' }, { Name: 'many 2' }]);
const query = connection.query('SELECT Id, Account.Name FROM Contact', {
  autoFetch: true,
  headers: { 'Sforce-Query-Options': 'batchSize=200' },
});
let fetched = 0;
query.on('record', () => {
  fetched += 1;
});
query.run({ autoFetch: true, maxFetch: 10_000 });
await once(query, 'end');
const ingest = await connection.bulk2.loadAndWaitForResults({
  object: 'Account',
  operation: 'insert',
  input: [
    { Name: 'bulk 1', Industry: 'Energy' },
    { Name: '', Industry: 'Energy' },
  ],
});
const stream = await connection.bulk2.query('SELECT Id, Name FROM Account LIMIT 7');
let bulkQueried = 0;
for await (const _ of stream) bulkQueried += 1;
const bulkV1 = await connection.bulk.load('Account', 'insert', [{ Name: 'bulk one' }]);
await accounts.destroy(id);

const identity = await connection.identity();
const versions = await connection.request<unknown[]>('/services/data');
await fetch(`${controlOrigin}/endSessions`, { method: 'POST' });
const afterEnd = await connection.query('SELECT Id FROM Account').then(
  () => 'answered',
  (error: Error) => error.name,
);

const seen = {
  created: created.success,
  upserted: upserted.success,
  retrieved: [retrieved.Name, retrieved.Industry],
  many: many.map(({ success }) => success),
  fetched,
  ingest: [ingest.successfulResults.length, ingest.failedResults.length],
  bulkQueried,
  bulkV1: bulkV1.map(({ success }) => success),
  username: identity.username,
  versions: versions.length,
  apiUsage: connection.limitInfo.apiUsage,
  afterEnd,
};
process.stdout.write(JSON.stringify(seen));
