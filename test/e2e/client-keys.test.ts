// Who may call: keys in every carrier, and what a client is bound to.
import { expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';

const limits = '/services/data/v67.0/limits';

test.each([
  ['Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
  ['OAuth', (key: string) => ({ authorization: `OAuth ${key}` })],
  ['Basic, as the password', (key: string) => ({ authorization: `Basic ${btoa(`me:${key}`)}` })],
  ['Basic, as the user', (key: string) => ({ authorization: `Basic ${btoa(`${key}:`)}` })],
  ['X-API-Key', (key: string) => ({ 'x-api-key': key })],
  ['X-SFDC-Session', (key: string) => ({ 'x-sfdc-session': key })],
])('a client is known by its key in %s', async (_carrier, headersOf) => {
  const org = await startOrg();
  const key = makeClientKey();
  const proxy = await startProxy(org, {
    config: {
      access: { anonymous: 'never' },
      clients: [{ name: 'reporting', key_sha256: hashClientKey(key) }],
    },
  });
  const known = await fetch(proxy.url + limits, { headers: headersOf(key) });
  expect(known.status).toBe(200);
  const unknown = await fetch(proxy.url + limits, { headers: headersOf(makeClientKey()) });
  expect(unknown.status).toBe(401);
  expect(unknown.headers.get('x-proxy-error')).toBe('client_unauthorized');
  expect((await fetch(proxy.url + limits)).status).toBe(401);
  expect(org.control.counts().requests).toBe(1);
});

test('a client that is bound to a user acts as that user, by a login of its own', async () => {
  const org = await startOrg();
  const key = makeClientKey();
  const proxy = await startProxy(org, {
    config: {
      clients: [
        { name: 'reporting', key_sha256: hashClientKey(key), username: 'reports@example.com' },
      ],
    },
  });
  await fetch(proxy.url + limits);
  await fetch(proxy.url + limits, { headers: { authorization: `Bearer ${key}` } });
  const users = org.control.executed().map(({ username }) => username);
  expect(users).toEqual(['integration@example.com', 'reports@example.com']);
  expect(org.control.counts().exchanges).toBe(2);
  expect(proxy.eventsOf('request').map(({ client }) => client)).toEqual([undefined, 'reporting']);
});
