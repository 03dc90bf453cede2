// What passes at once and in a day, on counted requests.
import { expect, test } from 'vitest';
import type { StatusJson } from '../../src/admin/status.ts';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import { ok, startRawPair } from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';

/** A proxy whose requests at upstream are answered when the test lets them go, and then at once. */
async function startHolding(config: Record<string, unknown>) {
  const { promise: gate, resolve: letGo } = Promise.withResolvers<void>();
  const pair = await startRawPair({
    proxy: { config },
    onRequest: (_request, connection) => void gate.then(() => connection.write(ok())),
  });
  return { ...pair, letGo };
}

test('no more requests are in flight than limits.concurrency; more wait and all are answered', async () => {
  const config = { limits: { concurrency: '2' }, admin: { listen: '127.0.0.1:0' } };
  const { proxy, upstream, letGo } = await startHolding(config);
  const answers = Array.from({ length: 6 }, () => fetch(proxy.url + limits));
  const admin = proxy.eventsOf('admin_listening')[0]?.address;
  await waitFor(async () => {
    const status = (await (await fetch(`${admin}/api/status`)).json()) as StatusJson;
    return status.orgs[0]?.queued === 4;
  }, 'a line of four');
  expect(upstream.requests().length).toBeLessThanOrEqual(2);
  letGo();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
  await waitFor(() => proxy.eventsOf('request').length === 6, 'the events');
  const waited = proxy.eventsOf('request').filter(({ waitingMs }) => waitingMs > 0);
  expect(waited).toHaveLength(4);
});

test('a request that waits too long is refused as overloaded, with Retry-After', async () => {
  const config = { limits: { concurrency: '1', queue_timeout: '50ms' } };
  const { proxy, upstream, letGo } = await startHolding(config);
  const first = fetch(proxy.url + limits);
  await upstream.request();
  const second = await fetch(proxy.url + limits);
  expect(second.status).toBe(503);
  expect(second.headers.get('x-proxy-error')).toBe('overloaded');
  expect(second.headers.get('retry-after')).toBe('1');
  letGo();
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
