// What passes at once and in a day, on counted requests.
import { expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';
const slow = '/services/apexrest/echo?delayMs=300';

test('no more requests are in flight than limits.concurrency; more wait and all are answered', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, {
    config: { limits: { concurrency: '2' } },
    org: { policy: 'legacy' },
  });
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => fetch(`${proxy.url}${slow}`).then(({ status }) => status)),
  );
  expect(answers).toEqual([200, 200, 200, 200, 200, 200]);
  await waitFor(() => proxy.eventsOf('request').length === 6, 'the events');
  const waited = proxy.eventsOf('request').filter(({ waitingMs }) => waitingMs > 0);
  expect(waited).toHaveLength(4);
});

test('a request that waits too long is refused as overloaded, with Retry-After', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, {
    config: { limits: { concurrency: '1', queue_timeout: '50ms' } },
    org: { policy: 'legacy' },
  });
  const first = fetch(`${proxy.url}/services/apexrest/echo?delayMs=2000`);
  await waitFor(() => org.control.counts().requests === 1, 'the first request');
  const second = await fetch(proxy.url + limits);
  expect(second.status).toBe(503);
  expect(second.headers.get('x-proxy-error')).toBe('overloaded');
  expect(second.headers.get('retry-after')).toBe('1');
  expect((await first).status).toBe(200);
});

test('a spent API budget refuses requests, but not those of a client with priority: high', async () => {
  const org = await startOrg({ apiLimit: 1000 });
  const key = makeClientKey();
  const proxy = await startProxy(org, {
    config: { clients: [{ name: 'vital', key_sha256: hashClientKey(key), priority: 'high' }] },
  });
  org.control.apiUsage(960);
  expect((await fetch(proxy.url + limits)).status).toBe(200);
  const refused = await fetch(proxy.url + limits);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('x-proxy-error')).toBe('api_budget_spent');
  expect(await refused.text()).toContain('of its 1000');
  const headers = { authorization: `Bearer ${key}` };
  expect((await fetch(proxy.url + limits, { headers })).status).toBe(200);
  org.control.apiUsage(10);
  await fetch(proxy.url + limits, { headers });
  expect((await fetch(proxy.url + limits)).status).toBe(200);
});

test('a client with a rate_limit is refused beyond it, and others are not', async () => {
  const org = await startOrg();
  const key = makeClientKey();
  const proxy = await startProxy(org, {
    config: { clients: [{ name: 'eager', key_sha256: hashClientKey(key), rate_limit: '3/h' }] },
  });
  const headers = { authorization: `Bearer ${key}` };
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    statuses.push((await fetch(proxy.url + limits, { headers })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect((await fetch(proxy.url + limits)).status).toBe(200);
});
