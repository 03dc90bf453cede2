// Who may call: a key in every place where a client would put a Salesforce session, and what the client is then bound to.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import { startRawPair } from '../support/raw-upstream.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, testConfig } from '../support/start-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';

const limits = '/services/data/v67.0/limits';

interface Carried {
  readonly path?: string;
  readonly init?: RequestInit;
}

const header = (name: string, value: string): Carried => ({ init: { headers: { [name]: value } } });

const envelope = (sessionId: string) =>
  `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com"><s:Header><u:SessionHeader><u:sessionId>${sessionId}</u:sessionId></u:SessionHeader></s:Header><s:Body><u:getUserInfo/></s:Body></s:Envelope>`;

const soap = (sessionId: string): Carried => ({
  path: '/services/Soap/u/64.0',
  init: {
    method: 'POST',
    body: envelope(sessionId),
    headers: { 'content-type': 'text/xml', soapaction: '""' },
  },
});

const carriers: [what: string, carry: (key: string) => Carried][] = [
  ['Bearer', (key) => header('authorization', `Bearer ${key}`)],
  ['bearer, in lower case and with blanks', (key) => header('authorization', `bearer   ${key} `)],
  ['OAuth', (key) => header('authorization', `OAuth ${key}`)],
  ['Basic, as the password', (key) => header('authorization', `Basic ${btoa(`me:${key}`)}`)],
  ['Basic, as the user', (key) => header('authorization', `Basic ${btoa(`${key}:`)}`)],
  ['X-API-Key', (key) => header('x-api-key', key)],
  ['X-SFDC-Session', (key) => header('x-sfdc-session', key)],
  ['oauth_token', (key) => ({ path: `${limits}?oauth_token=${key}` })],
  ['oauth_token among others', (key) => ({ path: `${limits}?a=%2f&oauth_token=${key}&b=` })],
  ['the SOAP header', soap],
];

describe.each(carriers)('a key in %s', (_what, carry) => {
  test('makes a client known, and goes no further', async () => {
    const key = makeClientKey();
    const { proxy, upstream } = await startRawPair({
      proxy: {
        org: { policy: 'legacy' },
        config: {
          access: { anonymous: 'never' },
          clients: [{ name: 'reporting', key_sha256: hashClientKey(key) }],
        },
      },
    });
    const call = async (carried: Carried) => {
      const { status, headers } = await fetch(proxy.url + (carried.path ?? limits), carried.init);
      return { status, code: headers.get('x-proxy-error') };
    };
    const no = { status: 401, code: 'client_unauthorized' };
    expect(await call(carry(makeClientKey()))).toEqual(no);
    expect(await call(carry(`${key}x`))).toEqual(no);
    expect(await call(carry(key.slice(0, -1)))).toEqual(no);
    expect(await call(carry(key.toUpperCase()))).toEqual(no);
    expect(await call(carry(hashClientKey(key)))).toEqual(no);
    expect(await call(carry(''))).toEqual(no);
    expect(upstream.requests()).toEqual([]);

    expect(await call(carry(key))).toEqual({ status: 200, code: null });
    const request = await upstream.request();
    await request.completed;
    const sent = upstream.connections.map(({ text }) => text).join('');
    for (const trace of [key, btoa(`me:${key}`), btoa(`${key}:`), 'oauth_token', 'x-api-key']) {
      expect(sent.toLowerCase()).not.toContain(trace.toLowerCase());
    }
    expect(JSON.stringify(proxy.events)).not.toContain(key);
    const { path = limits } = carry(key);
    expect(request.target).toBe(
      path.replace(`?oauth_token=${key}`, '').replace(`&oauth_token=${key}`, ''),
    );
    expect(proxy.eventsOf('request').map(({ client }) => client)).toEqual([
      ...Array(6).fill(undefined),
      'reporting',
    ]);
  });
});

test('where nobody needs a key, one that is unknown counts as none: legacy tools send dummies', async () => {
  const { proxy, upstream } = await startRawPair({ proxy: { org: { policy: 'legacy' } } });
  for (const [i, [, carry]] of carriers.entries()) {
    const { path = limits, init } = carry('dummy-token-of-a-tool');
    expect((await fetch(proxy.url + path, init)).status).toBe(200);
    await (await upstream.request(i)).completed;
  }
  const sent = upstream.connections.map(({ text }) => text).join('');
  expect(sent).not.toContain('dummy-token-of-a-tool');
});

test('no key is needed to log out, or to hear that a path is none, and none is given away', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org, { config: { access: { anonymous: 'never' } } });
  const answer = await fetch(`${proxy.url}/services/oauth2/revoke`, { method: 'POST' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
  expect((await fetch(`${proxy.url}/setup`)).status).toBe(404);
  expect(org.control.counts().requests).toBe(0);
});

test('two clients are two users, each by a login of its own; a third is bound to none', async () => {
  const org = await startOrg();
  const keys = { one: makeClientKey(), two: makeClientKey(), three: makeClientKey() };
  for (const username of ['one@example.com', 'two@example.com'])
    org.control.registerUser({ username });
  const client = (name: keyof typeof keys, more: object) => ({
    name,
    key_sha256: hashClientKey(keys[name]),
    ...more,
  });
  const proxy = await startProxy(org, {
    config: {
      clients: [
        client('one', { username: 'one@example.com' }),
        client('two', { username: 'two@example.com' }),
        client('three', {}),
      ],
    },
  });
  const as = (name: keyof typeof keys) =>
    fetch(proxy.url + limits, { headers: { authorization: `Bearer ${keys[name]}` } });
  for (const name of ['one', 'two', 'three', 'one', 'two'] as const) {
    expect((await as(name)).status).toBe(200);
  }
  expect(org.control.executed().map(({ username }) => username)).toEqual([
    'one@example.com',
    'two@example.com',
    'integration@example.com',
    'one@example.com',
    'two@example.com',
  ]);
  expect(org.control.counts().exchanges).toBe(3);
  // The end of one user's session is nobody else's.
  org.control.endSessions({ username: 'one@example.com' });
  for (const name of ['two', 'one', 'three'] as const) expect((await as(name)).status).toBe(200);
  expect(org.control.counts()).toMatchObject({ exchanges: 4, refused: 1 });
});

test('what client-key prints works when it is pasted', async () => {
  const org = await startOrg();
  const made = spawnProxy(['client-key', 'batch.job-1']);
  expect(await made.exit()).toBe(0);
  const [, key = ''] = /^ {2}(sfap_\S+)$/m.exec(made.stdout()) ?? [];
  const [, entry = ''] = /^(clients:\n(?: .*\n)+)/m.exec(made.stdout()) ?? [];
  expect(entry).not.toContain(key);
  const dir = temporaryDirectory();
  const file = join(dir, 'config.yaml');
  const keys = { ...testConfig(org), access: { anonymous: 'never' } };
  const sections = Object.entries(keys).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}\n`,
  );
  writeFileSync(file, sections.join('') + entry);
  const proxy = spawnProxy(['serve', '--config', file]);
  const url = (await proxy.address()) + limits;
  expect((await fetch(url)).status).toBe(401);
  const headers = { authorization: `Bearer ${key}` };
  expect((await fetch(url, { headers })).status).toBe(200);
  expect(proxy.stdout() + proxy.stderr()).not.toContain(key);
  await expect.poll(() => proxy.stdout()).toContain('"client":"batch.job-1"');
});
