// All clients share one session: what one of them does to log out must not end it for the others.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { send } from '../support/send.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';

const envelope = (inner: string, before = '') =>
  `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">${before}<e:Body>${inner}</e:Body></e:Envelope>`;

async function start() {
  const org = await startOrg();
  const proxy = await startProxy(org, { org: { policy: 'legacy' } });
  const isAlive = async () => {
    expect((await send(`${proxy.url}/services/data/v67.0/limits`)).status).toBe(200);
    expect(org.control.counts()).toMatchObject({ exchanges: 1, refused: 0 });
  };
  return { org, proxy, isAlive };
}

test.each([
  ['POST', '/services/oauth2/revoke', 'token=00D000000000001!AQdummy'],
  ['GET', '/services/oauth2/revoke?token=00D000000000001!AQdummy', undefined],
] as const)('%s %s is answered here', async (method, path, body) => {
  const { org, proxy, isAlive } = await start();
  const got = await send(proxy.url + path, { method, ...(body && { body }) });
  expect([got.status, got.text]).toEqual([200, '']);
  await isAlive();
  expect(org.control.executed()).toHaveLength(1);
});

test.each(['/services/oauth2/revoke/', '//services/oauth2/revoke', '/services/oauth2/%72evoke'])(
  '%s is no way around',
  async (path) => {
    const { proxy, isAlive } = await start();
    const got = await send(proxy.url + path, { method: 'POST', body: 'token=x' });
    expect(got.headers['x-proxy-error']).toBe('route_unknown');
    await isAlive();
  },
);

test('SOAP login is refused here: no password of a client travels to Salesforce', async () => {
  const { org, proxy } = await start();
  const got = await send(`${proxy.url}/services/Soap/u/64.0`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body: envelope('<login><username>a</username><password>b</password></login>'),
  });
  expect(got.status).toBe(403);
  expect(got.text).toContain('PROXY_POLICY_DENIED');
  expect(org.control.counts().requests).toBe(0);
});

const decoy = '<e:Body><query/></e:Body>';
test.each([
  ['plain', envelope('<logout/>')],
  [
    'with any prefix and namespace',
    envelope('<p:logout xmlns:p="urn:enterprise.soap.sforce.com"/>'),
  ],
  ['behind a comment', envelope('<!-- x --><logout/>', `<!-- ${decoy} -->`)],
  ['behind a decoy in the header', envelope('<logout/>', `<e:Header>${decoy}</e:Header>`)],
  ['behind CDATA', envelope('<logout/>', `<e:Header><x><![CDATA[${decoy}]]></x></e:Header>`)],
])('SOAP logout %s is answered here', async (_name, body) => {
  const { org, proxy, isAlive } = await start();
  const headers = { 'content-type': 'text/xml' };
  for (const path of ['/services/Soap/u/64.0', '//services/Soap/c/64.0/']) {
    const got = await send(proxy.url + path, { method: 'POST', headers, body });
    expect(got.status).toBe(200);
    expect(got.text).toContain('<logoutResponse/>');
    expect(got.text).toContain(path.includes('/c/') ? 'urn:enterprise' : 'urn:partner');
  }
  await isAlive();
  expect(org.control.executed()).toHaveLength(1);
});

test.each([
  [
    'too long to be held',
    envelope('<logout/>', `<e:Header><x>${'y'.repeat(300_000)}</x></e:Header>`),
    {},
  ],
  [
    'too long, and compressed',
    gzipSync(Buffer.from(envelope('<logout/>', `<!--${randomText(300_000)}-->`))),
    { 'content-encoding': 'gzip' },
  ],
  ['in UTF-16', Buffer.from(envelope('<logout/>'), 'utf16le'), {}],
  ['in an unknown encoding', envelope('<logout/>'), { 'content-encoding': 'br' }],
] as const)('SOAP logout %s is not forwarded', async (_name, body, headers) => {
  const org = await startOrg();
  const proxy = await startProxy(org, {
    org: { policy: 'legacy' },
    config: { upstream: { replay_body_limit: '4KiB' } },
  });
  const got = await send(`${proxy.url}/services/Soap/u/64.0`, {
    method: 'POST',
    headers: { ...headers },
    body,
  });
  expect(got.headers['x-proxy-error']).toMatch(/^(bad_request|body_too_large)$/);
  expect(got.text).toContain('<faultcode>');
  // At most the probe of the session, but no call.
  expect(org.control.executed().filter(({ method }) => method === 'POST')).toEqual([]);
  expect(org.control.endSessions()).toBe(1);
});

/** What gzip cannot make small. */
function randomText(length: number): string {
  return Array.from({ length }, () => Math.floor(Math.random() * 36).toString(36)).join('');
}
