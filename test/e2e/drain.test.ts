// The end of a real process: what is in flight finishes, what is idle is closed, and the exit code tells.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { ok, startRawUpstream } from '../support/raw-upstream.ts';
import { type SpawnedProxy, spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { testConfig } from '../support/start-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

async function startWith(
  org: SimulatedOrg,
  grace: string,
  orgKeys: Record<string, unknown> = {},
): Promise<{ proxy: SpawnedProxy; url: string }> {
  const file = join(temporaryDirectory(), 'config.yaml');
  const config = testConfig(org, {
    config: { shutdown: { grace } },
    org: { policy: 'legacy', ...orgKeys },
  });
  writeFileSync(file, stringify(config));
  const proxy = spawnProxy(['serve', '--config', file]);
  return { proxy, url: await proxy.address() };
}

/** Its log. */
function linesOf(proxy: SpawnedProxy): Record<string, unknown>[] {
  const lines = proxy.stdout().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: requests in flight finish, and the exit code is 0',
  async (signal) => {
    const org = await startOrg();
    const upstream = await startRawUpstream({ onRequest: () => {} });
    org.control.instanceUrl(upstream.url);
    const { proxy, url } = await startWith(org, '60s', { instance_hosts: [upstream.host] });
    const inFlight = fetch(`${url}/services/data`);
    const request = await upstream.request();
    proxy.process.kill(signal);
    await waitFor(() => proxy.stdout().includes('"stopping"'), 'the drain');
    await expect(fetch(url)).rejects.toThrow();
    upstream.connections.find(({ requests }) => requests.includes(request))?.write(ok());
    const answer = await inFlight;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection')).toBe('close');
    expect(await proxy.exit()).toBe(0);
    expect(linesOf(proxy).slice(-2)).toMatchObject([
      { type: 'request', status: 200, cut: false },
      { type: 'stopped' },
    ]);
  },
);

test('requests that outlast the grace are cut, and the exit code is 1', async () => {
  const org = await startOrg();
  const { proxy, url } = await startWith(org, '100ms');
  const inFlight = fetch(`${url}/services/apexrest/echo?delayMs=30000`);
  inFlight.catch(() => {});
  await waitFor(() => org.control.counts().requests === 1, 'the request in flight');
  proxy.process.kill('SIGTERM');
  await expect(inFlight).rejects.toThrow();
  expect(await proxy.exit()).toBe(1);
  expect(linesOf(proxy).slice(-2)).toMatchObject([
    { type: 'request', status: 0, cut: true },
    { type: 'stopped' },
  ]);
});

test.each([1, 2])(
  '%i signals: every request that was answered is in the log, in its place',
  async (signals) => {
    const org = await startOrg();
    const { proxy, url } = await startWith(org, '5s');
    for (let i = 0; i < 20; i += 1) await (await fetch(`${url}/services/data/v67.0/limits`)).text();
    for (let i = 0; i < signals; i += 1) proxy.process.kill('SIGTERM');
    await proxy.exit();
    const types = linesOf(proxy).map(({ type }) => type);
    expect(types.filter((type) => type === 'request')).toHaveLength(20);
    expect(types.lastIndexOf('request')).toBeLessThan(types.indexOf('stopping'));
  },
);

test('a second signal ends at once', async () => {
  const org = await startOrg();
  const { proxy, url } = await startWith(org, '60s');
  const inFlight = fetch(`${url}/services/apexrest/echo?delayMs=30000`);
  inFlight.catch(() => {});
  await waitFor(() => org.control.counts().requests === 1, 'the request in flight');
  proxy.process.kill('SIGTERM');
  await waitFor(() => proxy.stdout().includes('"stopping"'), 'the drain');
  proxy.process.kill('SIGTERM');
  expect(await proxy.exit()).toBe(1);
});

test('without anything in flight it ends at once, idle connections or not', async () => {
  const org = await startOrg();
  const { proxy, url } = await startWith(org, '60s');
  await (await fetch(`${url}/services/data/v67.0/limits`)).text();
  proxy.process.kill('SIGTERM');
  expect(await proxy.exit()).toBe(0);
});
