// Several orgs behind one proxy: how a request selects one, and that nothing of one ever reaches another.
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { startOrg, testClientId } from '../support/start-org.ts';
import { startProxy, type TestProxy } from '../support/start-proxy.ts';
import { makeTestKey, temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';

interface TwoOrgs {
  readonly dev: SimulatedOrg;
  readonly prod: SimulatedOrg;
  readonly proxy: TestProxy;
}

/** `test` is the org dev, which the test may give keys of its own; `prod` stands beside it. */
async function startTwo(
  config: Record<string, unknown> = {},
  devKeys: Record<string, unknown> = {},
  prodKeys: Record<string, unknown> = {},
): Promise<TwoOrgs> {
  const [dev, prod] = [await startOrg(), await startOrg()];
  dev.control.registerUser({ username: 'dev@example.com' });
  prod.control.registerUser({ username: 'prod@example.com' });
  const proxy = await startProxy(dev, {
    config: {
      ...config,
      upstream: { ca_file: caOfBoth(dev, prod) },
      orgs: {
        prod: {
          login_url: prod.origin,
          client_id: testClientId,
          username: 'prod@example.com',
          private_key: makeTestKey().privateKeyPem,
          instance_hosts: [new URL(prod.origin).host],
          ...prodKeys,
        },
      },
    },
    org: { username: 'dev@example.com', ...devKeys },
    withoutLogin: true,
  });
  await waitFor(() => proxy.eventsOf('logged_in').length === 2, 'both logins');
  return { dev, prod, proxy };
}

function caOfBoth(...orgs: SimulatedOrg[]): string {
  const file = join(temporaryDirectory(), 'both.crt');
  writeFileSync(file, orgs.map(({ tls }) => tls.certPem).join('\n'));
  return file;
}

function call(
  to: { port: number } | { socketPath: string },
  headers: Record<string, string> = {},
  path = limits,
): Promise<{ status: number; code: unknown }> {
  return new Promise((resolve, reject) => {
    request(
      { ...to, host: '127.0.0.1', path, headers: { host: 'localhost', ...headers } },
      (answer) => {
        answer.resume();
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, code: answer.headers['x-proxy-error'] }),
        );
      },
    )
      .on('error', reject)
      .end();
  });
}

const users = (org: SimulatedOrg) => org.control.executed().map(({ username }) => username);

test('the client decides, else the port, else the Host, else default_org', async () => {
  const [bound, free] = [makeClientKey(), makeClientKey()];
  const path = join(temporaryDirectory(), 'prod.sock');
  const { dev, prod, proxy } = await startTwo(
    {
      default_org: 'test',
      clients: [
        { name: 'bound', key_sha256: hashClientKey(bound), org: 'prod' },
        { name: 'free', key_sha256: hashClientKey(free) },
      ],
    },
    { hosts: ['dev.localhost'], listen: '127.0.0.1:0' },
    { hosts: ['prod.localhost', 'crm.example.com', '*.crm.example.com'], listen: `unix:${path}` },
  );
  const main = { port: proxy.port };
  const [, devPort = ''] =
    /:(\d+)$/.exec(
      proxy.eventsOf('listening').find(({ address }) => address.endsWith(devAddress(proxy)))
        ?.address ?? '',
    ) ?? [];
  const ways: [
    to: { port: number } | { socketPath: string },
    headers: Record<string, string>,
    org: SimulatedOrg,
  ][] = [
    [main, {}, dev],
    [main, { host: 'dev.localhost' }, dev],
    [main, { host: 'prod.localhost' }, prod],
    [main, { host: 'PROD.localhost:8080' }, prod],
    [main, { host: 'crm.example.com' }, prod],
    [main, { host: 'eu.crm.example.com' }, prod],
    [main, { host: 'a.b.crm.example.com:8080' }, prod],
    [main, { host: 'other.localhost' }, dev],
    [main, { authorization: `Bearer ${bound}` }, prod],
    [main, { authorization: `Bearer ${bound}`, host: 'dev.localhost' }, prod],
    [main, { authorization: `Bearer ${free}`, host: 'prod.localhost' }, prod],
    [{ port: Number(devPort) }, {}, dev],
    [{ port: Number(devPort) }, { host: 'prod.localhost' }, dev],
    [{ port: Number(devPort) }, { authorization: `Bearer ${bound}` }, prod],
    [{ socketPath: path }, {}, prod],
    [{ socketPath: path }, { host: 'dev.localhost' }, prod],
  ];
  for (const [to, headers, org] of ways) {
    const before = org.control.counts().requests;
    expect(await call(to, headers)).toMatchObject({ status: 200 });
    expect({ to, headers, got: org.control.counts().requests - before }).toEqual({
      to,
      headers,
      got: 1,
    });
  }
  // Each org has seen its own user only, by its own session, and was logged in to once.
  expect(new Set(users(dev))).toEqual(new Set(['dev@example.com']));
  expect(new Set(users(prod))).toEqual(new Set(['prod@example.com']));
  for (const org of [dev, prod]) {
    expect(org.control.counts()).toMatchObject({ exchanges: 1, refused: 0 });
  }
  expect(dev.control.counts().requests + prod.control.counts().requests).toBe(ways.length);
});

/** The listener that is neither the first nor a unix socket. */
function devAddress(proxy: TestProxy): string {
  const others = proxy
    .eventsOf('listening')
    .map(({ address }) => address)
    .filter((address) => address !== proxy.url && !address.startsWith('unix:'));
  return others[0] ?? 'none';
}

test('a request that selects no org is refused where there is no default', async () => {
  const { dev, prod, proxy } = await startTwo({}, { hosts: ['dev.localhost'] });
  expect(await call({ port: proxy.port })).toEqual({ status: 404, code: 'org_unknown' });
  expect(await call({ port: proxy.port }, { host: 'x.localhost' })).toEqual({
    status: 404,
    code: 'org_unknown',
  });
  expect(await call({ port: proxy.port }, { host: 'dev.localhost' })).toMatchObject({
    status: 200,
  });
  expect([dev.control.counts().requests, prod.control.counts().requests]).toEqual([1, 0]);
});

test('a session that dies in one org is renewed there, and the other hears nothing of it', async () => {
  const { dev, prod, proxy } = await startTwo(
    { default_org: 'test' },
    {},
    { hosts: ['prod.localhost'] },
  );
  const port = { port: proxy.port };
  const inProd = { host: 'prod.localhost' };
  for (const headers of [{}, inProd]) await call(port, headers);
  dev.control.endSessions();
  for (let i = 0; i < 3; i += 1) {
    for (const headers of [{}, inProd])
      expect(await call(port, headers)).toMatchObject({ status: 200 });
  }
  expect(dev.control.counts()).toMatchObject({ exchanges: 2, refused: 1 });
  expect(prod.control.counts()).toMatchObject({ exchanges: 1, refused: 0 });
});

test('an org whose login is refused takes no other with it', async () => {
  const { prod, proxy } = await startTwo(
    { default_org: 'test' },
    {},
    { hosts: ['prod.localhost'] },
  );
  prod.control.endSessions();
  prod.control.tokenEndpoint({ mode: 'status', status: 400, error: 'invalid_client_id' });
  const port = { port: proxy.port };
  const refused = await call(port, { host: 'prod.localhost' });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(await call(port)).toMatchObject({ status: 200 });
});

test('each org has its own policy, and that of a client goes before it', async () => {
  const key = makeClientKey();
  const { dev, prod, proxy } = await startTwo(
    {
      default_org: 'test',
      clients: [{ name: 'writer', key_sha256: hashClientKey(key), policy: 'only-limits' }],
      policies: { 'only-limits': { allow: ['GET /services/data/*/limits'] } },
    },
    {},
    { hosts: ['prod.localhost'], policy: 'legacy' },
  );
  const apex = '/services/apexrest/x';
  const port = { port: proxy.port };
  expect(await call(port, {}, apex)).toEqual({ status: 403, code: 'policy_denied' });
  expect(await call(port, { host: 'prod.localhost' }, apex)).toMatchObject({ code: undefined });
  const known = { authorization: `Bearer ${key}`, host: 'prod.localhost' };
  expect(await call(port, known, apex)).toEqual({ status: 403, code: 'policy_denied' });
  expect(await call(port, known)).toMatchObject({ status: 200 });
  expect([dev.control.counts().requests, prod.control.counts().requests]).toEqual([0, 2]);
  const denied = proxy.eventsOf('request').at(-2);
  expect(denied).toMatchObject({ client: 'writer', org: 'prod' });
  expect(denied?.error?.message).toContain('Policy "only-limits"');
});
