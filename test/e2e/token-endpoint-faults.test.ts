// The token endpoint is somebody else's program: whatever it does, the client is told what is wrong, no session goes where
// none may go, and the proxy lives.

import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { directoryFor } from '../support/config-file.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import type { TestProxyOptions } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

interface Expected {
  readonly code: string;
  readonly status: number;
  readonly message: RegExp;
  readonly retryAfter?: boolean;
}

/** A process in front of this org: what does a client see, and does the process live on? */
async function expectFailure(
  org: SimulatedOrg,
  expected: Expected,
  options: TestProxyOptions = {},
): Promise<void> {
  const proxy = spawnProxy(['serve'], { cwd: directoryFor(org, options) });
  const url = await proxy.address();
  for (const turn of ['first', 'again']) {
    const answer = await fetch(`${url}/services/data/v67.0/limits`);
    const [{ errorCode, message }] = (await answer.json()) as [Record<string, string>];
    expect([turn, answer.status, answer.headers.get('x-proxy-error')]).toEqual([
      turn,
      expected.status,
      expected.code,
    ]);
    expect(errorCode).toBe(`PROXY_${expected.code.toUpperCase()}`);
    expect(message).toMatch(expected.message);
    expect(message).toContain('org "test"');
    expect(answer.headers.has('retry-after')).toBe(expected.retryAfter ?? false);
  }
  expect(proxy.process.exitCode).toBe(null);
  expect(proxy.stderr()).toBe('');
  expect(proxy.stdout()).toContain(expected.code);
  expect(org.control.executed()).toEqual([]);
}

const unavailable = { code: 'login_unavailable', status: 503, retryAfter: true };

test('it refuses', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({
    mode: 'status',
    status: 400,
    error: 'invalid_grant',
    error_description: "user hasn't approved this consumer",
  });
  const message = /invalid_grant: user hasn't approved this consumer\. Pre-authorise the app/;
  await expectFailure(org, { code: 'login_rejected', status: 502, message });
});

test('nothing listens there', async () => {
  const message = /localhost:1 could not be used.*ECONNREFUSED/;
  const keys = { token_url: 'https://localhost:1/services/oauth2/token' };
  await expectFailure(await startOrg(), { ...unavailable, message }, { org: keys });
});

test('its name cannot be resolved', async () => {
  const message = /nowhere\.invalid could not be used/;
  const keys = { token_url: 'https://nowhere.invalid/services/oauth2/token' };
  await expectFailure(await startOrg(), { ...unavailable, message }, { org: keys });
});

test('it takes the request and says nothing', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'hang' });
  const config = { upstream: { login_timeout: '2s' } };
  await expectFailure(org, { ...unavailable, message: /did not answer within 2 s/ }, { config });
});

test('it cuts the connection', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'reset' });
  await expectFailure(org, { ...unavailable, message: /could not be used/ });
});

test('it answers with a page', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'html' });
  await expectFailure(org, { ...unavailable, message: /with a page instead of JSON/ });
});

test('it answers with something that is not JSON', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'garbled' });
  await expectFailure(org, { ...unavailable, message: /without JSON/ });
});

test.for([
  ['access_token', '{"instance_url":"https://x.my.salesforce.com"}', /usable access_token/],
  ['instance_url', '{"access_token":"00D!x"}', /without instance_url/],
] as const)('it answers with JSON that has no %s', async ([, body, message]) => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'status', status: 200, body });
  await expectFailure(org, { ...unavailable, message });
});

test.for([
  ['plain http', (port: number) => `http://127.0.0.1:${port}`],
  ['a foreign host', (port: number) => `https://127.0.0.1:${port}`],
  ['a foreign name', (port: number) => `https://my.salesforce.com.localhost:${port}`],
] as const)('its instance_url is %s: no byte is sent there', async ([, instanceUrl]) => {
  const { server, port } = await listen(createServer());
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  const org = await startOrg();
  org.control.instanceUrl(instanceUrl(port));
  const message = /no token is sent there: .*instance_hosts/;
  await expectFailure(org, { code: 'instance_forbidden', status: 502, message });
  expect(connections).toBe(0);
});

async function listen(server: Server): Promise<{ server: Server; port: number }> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await waitFor(() => server.listening, 'a port');
  return { server, port: (server.address() as AddressInfo).port };
}
