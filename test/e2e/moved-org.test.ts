// An org that has moved to another instance: one login learns where, and no client notices.
import { describe, expect, test } from 'vitest';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { answering, startRawUpstream } from '../support/raw-upstream.ts';
import { send } from '../support/send.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';

const echo = '/services/apexrest/echo/x';
const edge420 =
  "HTTP/1.1 420 Enhance Your Calm\r\nContent-Type: text/plain\r\nContent-Length: 81\r\n\r\nSalesforce Edge doesn't have routing information available for this request host.";

/** A proxy that has logged in while the org said that it lives at `old`; from now on it says the truth. */
async function startMoved(org: SimulatedOrg, old: string, now?: () => number) {
  org.control.instanceUrl(old);
  const hosts = [new URL(old).host, new URL(org.origin).host];
  const proxy = await startProxy(org, {
    org: { policy: 'legacy', instance_hosts: hosts },
    // Resolvers take 5 s now and then to say that there is no such name.
    config: { upstream: { connect_timeout: '30s' } },
    ...(now && { now }),
  });
  org.control.instanceUrl(null);
  org.control.resetCounts();
  return proxy;
}

const closedOrigin = 'https://localhost:1';

const losses: [name: string, origin: () => Promise<string>][] = [
  ['answers 420', async () => (await startRawUpstream({ onRequest: answering(edge420) })).url],
  ['refuses connections', async () => closedOrigin],
  ['cannot be resolved', async () => 'https://acme.invalid'],
];

describe.each(losses)('the old instance %s', (_name, oldOrigin) => {
  test('one exchange, and each request is executed once', async () => {
    const org = await startOrg();
    const old = await oldOrigin();
    const proxy = await startMoved(org, old);
    const bodies = Array.from({ length: 20 }, (_, i) => `body ${i}`);
    const got = await Promise.all(
      bodies.map((body) => send(proxy.url + echo, { method: 'POST', body })),
    );
    for (const { status } of got) expect(status).toBe(200);
    expect(org.control.counts().exchanges).toBe(1);
    expect(org.control.executed()).toHaveLength(20);
    expect(new Set(org.control.executed().map(({ bodySha256 }) => bodySha256)).size).toBe(20);
    expect(proxy.eventsOf('instance_moved')).toMatchObject([{ from: old, to: org.origin }]);
  });

  test('where no other is to be had, the client gets the error, and logins stay rare', async () => {
    let nowMs = Date.now();
    const org = await startOrg();
    const old = await oldOrigin();
    const proxy = await startMoved(org, old, () => nowMs);
    org.control.instanceUrl(old);
    for (let i = 0; i < 30; i += 1) {
      const { status, text, headers } = await send(proxy.url + echo);
      if (status === 420) expect(text).toContain('Salesforce Edge');
      else expect(headers['x-proxy-error']).toBe('upstream_unreachable');
      nowMs += 5000;
    }
    // 150 s: at 0, 60 and 120 s.
    expect(org.control.counts().exchanges).toBe(3);
    expect(proxy.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('a login that fails meanwhile leaves the client with the error of the instance', async () => {
    const org = await startOrg();
    const proxy = await startMoved(org, await oldOrigin());
    org.control.tokenEndpoint({ mode: 'status', error: 'invalid_grant' });
    const { status, headers } = await send(proxy.url + echo);
    if (status !== 420) expect(headers['x-proxy-error']).toBe('upstream_unreachable');
    expect(org.control.counts().tokenRequests).toBe(1);
    expect(proxy.eventsOf('login_failed')).toHaveLength(1);
  });
});

test('an old instance that takes the session for expired', async () => {
  const org = await startOrg();
  await org.control.moveInstance({ old: 'dead-session' });
  const [old, moved] = [org.origin, await newOrigin(org)];
  org.control.instanceUrl(old);
  const proxy = await startProxy(org, {
    org: { policy: 'legacy', instance_hosts: [new URL(old).host, new URL(moved).host] },
  });
  org.control.instanceUrl(null);
  const { status } = await send(proxy.url + echo, { method: 'POST', body: 'once' });
  expect(status).toBe(200);
  expect(org.control.executed()).toHaveLength(1);
  expect(org.control.counts().exchanges).toBe(2);
  expect(proxy.eventsOf('instance_moved')).toMatchObject([{ from: old, to: moved }]);
});

test('one that refuses a session of the moved org after it was found is renewed as usual', async () => {
  const org = await startOrg();
  const proxy = await startMoved(org, closedOrigin);
  org.control.endSessions();
  expect((await send(proxy.url + echo)).status).toBe(200);
  org.control.endSessions();
  expect((await send(proxy.url + echo)).status).toBe(200);
  expect(org.control.counts().exchanges).toBe(2);
});

test('an instance that must not receive a token is not moved to', async () => {
  const org = await startOrg();
  const evil = await startRawUpstream();
  const proxy = await startMoved(org, closedOrigin);
  org.control.instanceUrl(evil.url);
  const { headers } = await send(proxy.url + echo);
  expect(headers['x-proxy-error']).toBe('upstream_unreachable');
  expect(proxy.eventsOf('login_failed')[0]?.error.code).toBe('instance_forbidden');
  expect(evil.connections).toHaveLength(0);
});

/** What the token endpoint names as the instance now. */
async function newOrigin(org: SimulatedOrg): Promise<string> {
  // A port that is nothing but an instance is really closed, so the next move tells where the org was.
  return org.control.moveInstance({ old: 'dead-session' });
}
