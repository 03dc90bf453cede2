// A changed configuration: taken over as a whole, or refused with the old one kept.
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { testConfig } from '../support/start-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';
const echo = '/services/apexrest/echo';

async function startWith(org: SimulatedOrg) {
  const file = join(temporaryDirectory(), 'config.yaml');
  const base = testConfig(org, { org: { policy: 'legacy' } }) as {
    orgs: { test: Record<string, unknown> };
  };
  const write = (config: unknown) => writeFileSync(file, stringify(config));
  write(base);
  const proxy = spawnProxy(['serve', '--config', file]);
  const url = await proxy.address();
  const reload = async (said: string) => {
    const times = () => proxy.stdout().split(said).length - 1;
    const before = times();
    proxy.process.kill('SIGHUP');
    await waitFor(() => times() > before, `"${said}"`);
  };
  const withOrg = (keys: object) => ({ ...base, orgs: { test: { ...base.orgs.test, ...keys } } });
  return { proxy, url, base, write, reload, withOrg, file };
}

test('SIGHUP takes a new policy over, keeps the session, and does not disturb what is in flight', async () => {
  const org = await startOrg();
  const { url, write, reload, withOrg } = await startWith(org);
  const inFlight = fetch(`${url}${echo}?delayMs=1500`);
  await waitFor(() => org.control.counts().requests === 1, 'the request in flight');
  write(withOrg({ policy: 'data' }));
  await reload('"reloaded"');
  expect((await fetch(url + echo)).status).toBe(403);
  expect((await fetch(url + limits)).status).toBe(200);
  expect((await inFlight).status).toBe(200);
  expect(org.control.counts().exchanges).toBe(1);
});

test('an invalid configuration is refused as a whole, its reason is logged, and the old one goes on', async () => {
  const org = await startOrg();
  const { proxy, url, write, reload, withOrg } = await startWith(org);
  write({ ...withOrg({ policy: 'data' }), colour: 'blue' });
  await reload('"reload_refused"');
  expect(proxy.stdout()).toContain('colour');
  expect((await fetch(url + echo)).status).toBe(200);
  expect(proxy.process.exitCode).toBeNull();
});

test('an org whose login changed logs in anew, while its old requests finish', async () => {
  const org = await startOrg();
  const { url, write, reload, withOrg } = await startWith(org);
  const inFlight = fetch(`${url}${echo}?delayMs=1500`);
  await waitFor(() => org.control.counts().requests === 1, 'the request in flight');
  write(withOrg({ username: 'reports@example.com' }));
  await reload('"reloaded"');
  expect(await (await fetch(url + echo)).json()).toHaveProperty('username', 'reports@example.com');
  expect(await (await inFlight).json()).toHaveProperty('username', 'integration@example.com');
  expect(org.control.counts().exchanges).toBe(2);
});

test('what cannot change without a restart says so', async () => {
  const org = await startOrg();
  const { proxy, url, base, write, reload } = await startWith(org);
  write({ ...base, listen: '127.0.0.1:1' });
  await reload('"reloaded"');
  expect(proxy.stdout()).toContain('listen cannot change without a restart');
  expect((await fetch(url + limits)).status).toBe(200);
});

test('log.level changes by a reload', async () => {
  const org = await startOrg();
  const { proxy, url, base, write, reload } = await startWith(org);
  write({ ...base, log: { level: 'error' } });
  await reload('"reloaded"');
  await (await fetch(url + limits, { headers: { 'x-request-id': 'before' } })).text();
  write({ ...base, log: { level: 'info' } });
  proxy.process.kill('SIGHUP');
  await waitFor(async () => {
    await fetch(url + limits, { headers: { 'x-request-id': 'after' } });
    return proxy.stdout().includes('"after"');
  }, 'a line');
  // What was asked while only errors were logged is not among the lines.
  expect(proxy.stdout()).not.toContain('"before"');
});

test('a query is logged only where log.query asks for it, and never with a token', async () => {
  const org = await startOrg();
  const { proxy, url, base, write, reload } = await startWith(org);
  await fetch(`${url + limits}?q=private&oauth_token=hidden`);
  await waitFor(() => proxy.stdout().includes('"type":"request"'), 'the line');
  expect(proxy.stdout()).not.toContain('private');
  write({ ...base, log: { query: 'true' } });
  await reload('"reloaded"');
  await fetch(`${url + limits}?q=public&oauth_token=hidden`);
  await waitFor(() => proxy.stdout().includes('q=public'), 'the line');
  expect(proxy.stdout()).not.toContain('hidden');
});

test("the file's change is noticed by itself, a ConfigMap's symbolic link included", async () => {
  const org = await startOrg();
  const directory = temporaryDirectory();
  const config = testConfig(org, { org: { policy: 'legacy' } });
  for (const [name, policy] of [
    ['old', 'legacy'],
    ['new', 'data'],
  ] as const) {
    const { test: one } = config.orgs as { test: object };
    writeFileSync(
      join(directory, `${name}.yaml`),
      stringify({ ...config, orgs: { test: { ...one, policy } } }),
    );
  }
  const link = join(directory, 'config.yaml');
  symlinkSync('old.yaml', link);
  const proxy = spawnProxy(['serve', '--config', link]);
  const url = await proxy.address();
  expect((await fetch(url + echo)).status).toBe(200);
  symlinkSync('new.yaml', `${link}.next`);
  renameSync(`${link}.next`, link);
  await waitFor(() => proxy.stdout().includes('"reloaded"'), 'the reload');
  expect((await fetch(url + echo)).status).toBe(403);
});
