// One id from the client's log to Salesforce's.
import { expect, test } from 'vitest';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function send(proxy: { url: string }, id?: string) {
  const headers: Record<string, string> = id === undefined ? {} : { 'x-request-id': id };
  const answer = await fetch(`${proxy.url}/services/apexrest/echo`, { headers });
  const { headers: sent } = (await answer.json()) as { headers: Record<string, string> };
  return { sent: sent['x-request-id'], back: answer.headers.get('x-request-id') };
}

test('a sane x-request-id goes upstream, comes back and is logged', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, { org: { policy: 'legacy' } });
  expect(await send(proxy, 'trace-7:a/b=')).toEqual({ sent: 'trace-7:a/b=', back: 'trace-7:a/b=' });
  expect(proxy.eventsOf('request')[0]).toHaveProperty('requestId', 'trace-7:a/b=');
});

const clientKey = `sfap_${'k'.repeat(43)}`;

test.each([undefined, '', 'two words', '<script>', 'x'.repeat(129), clientKey])(
  '%j is replaced by a new one',
  async (id) => {
    const org = await startOrg();
    const proxy = await startProxy(org, { org: { policy: 'legacy' } });
    const { sent, back } = await send(proxy, id);
    expect(back).toMatch(uuid);
    expect(sent).toBe(back);
  },
);

test('an answer of the proxy itself carries it too', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  const headers = { 'x-request-id': 'refused-1' };
  const answer = await fetch(`${proxy.url}/services/apexrest/echo`, { headers });
  expect(answer.status).toBe(403);
  expect(answer.headers.get('x-request-id')).toBe('refused-1');
});

test('so does a logout, which ends at the proxy', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  const headers = { 'x-request-id': 'logout-1' };
  const answer = await fetch(`${proxy.url}/services/oauth2/revoke`, { method: 'POST', headers });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-request-id')).toBe('logout-1');
});
