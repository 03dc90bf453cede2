import { expect, test } from 'vitest';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';

test('a client without a token gets the answer of Salesforce', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  const answer = await fetch(`${proxy.url}/services/data/v67.0/limits`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toHaveProperty('DailyApiRequests');
});

test('a session that ended is renewed without the client noticing', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  org.control.endSessions();
  const answer = await fetch(`${proxy.url}/services/data/v67.0/limits`);
  expect(answer.status).toBe(200);
  expect(org.control.counts().exchanges).toBe(2);
});
