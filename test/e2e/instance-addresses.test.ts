// Who receives a session, at the two places where it is decided: the instance_url of an exchange, and the address that its name has
// when it is connected to. DNS is played: a name below .victim.test has the addresses that the test says.
import type { LookupAddress } from 'node:dns';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createOpenSocket } from '../../src/connections/upstream-socket.ts';
import { startRawUpstream } from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const dns = vi.hoisted(() => ({ answers: new Map<string, string[]>(), asked: [] as string[] }));

vi.mock('node:dns', async (original) => {
  const real = await original<typeof import('node:dns')>();
  const lookup = (name: string, options: object, callback: (...results: unknown[]) => void) => {
    const addresses = dns.answers.get(name);
    if (!addresses) return real.lookup(name, options, callback as never);
    dns.asked.push(name);
    const found: LookupAddress[] = addresses.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    process.nextTick(callback, null, found);
    return undefined;
  };
  return { ...real, lookup, default: { ...real, lookup } };
});

const limits = '/services/data/v67.0/limits';
const name = 'acme.my.victim.test';

beforeEach(() => {
  dns.answers.clear();
  dns.asked.length = 0;
});

async function startWithInstance(url: string, org = {}, config = {}) {
  const simulated = await startOrg();
  simulated.control.instanceUrl(url);
  const proxy = await startProxy(simulated, { org, config, withoutLogin: true });
  await waitFor(
    () => proxy.eventsOf('logged_in').length + proxy.eventsOf('login_failed').length > 0,
    'the login at start',
  );
  return { simulated, proxy };
}

async function refusal(answer: Response) {
  return { status: answer.status, code: answer.headers.get('x-proxy-error') };
}

const forbidden = { status: 502, code: 'instance_forbidden' };

describe('at exchange', () => {
  test.each([
    'https://evil.example',
    'https://acme.my.salesforce.com.evil.example',
    'https://acme.lightning.force.com',
    'http://acme.my.salesforce.com',
    'https://acme.my.salesforce.com:8443',
    'https://user@acme.my.salesforce.com',
    'https://127.0.0.1',
    'https://169.254.169.254',
    'https://[::1]',
  ])('%s gets no session, and the client hears why', async (url) => {
    const { simulated, proxy } = await startWithInstance(url, {
      instance_hosts: ['.my.salesforce.com'],
    });
    const answer = await fetch(proxy.url + limits);
    expect(await refusal(answer)).toEqual(forbidden);
    expect(JSON.stringify(await answer.json())).toContain('instance_hosts');
    // Nor is the login repeated for every request.
    await fetch(proxy.url + limits);
    expect(simulated.control.counts().exchanges).toBe(1);
  });

  // A hostile token endpoint could have the session shown and logged by way of the refusal.
  test('what is shown of a refused instance_url is no session', async () => {
    const { proxy } = await startWithInstance(
      'https://evil.example/?sid=00D000000000001AAA!AQ4AQFakeSessionId.of_the_test',
    );
    const answer = await fetch(proxy.url + limits);
    expect(await refusal(answer)).toEqual(forbidden);
    expect(await answer.text()).not.toContain('FakeSessionId');
    expect(
      JSON.stringify(proxy.eventsOf('login_failed').map(({ error }) => error.message)),
    ).not.toContain('FakeSessionId');
  });
});

describe.each([
  ['replay', {}],
  ['stream', { replay_body_limit: '0B' }],
])('at connect, in the %s lane', (_lane, upstream) => {
  const send = (url: string) => fetch(url + limits, { method: 'POST', body: 'x' });

  test.each([
    [['127.0.0.1']],
    [['169.254.169.254']],
    [['10.0.0.1']],
    [['192.168.1.1']],
    [['100.64.0.1']],
    [['0.0.0.0']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['::ffff:a00:1']],
    [['fd00::1']],
    [['fe80::1']],
    [['64:ff9b::7f00:1']],
    [['8.8.8.8', '127.0.0.1']],
    [['2600::1', '::1']],
  ])(
    'a name whose suffix is allowed and whose address is %j gets no session',
    async (addresses) => {
      dns.answers.set(name, addresses);
      const trap = await startRawUpstream();
      const { proxy } = await startWithInstance(
        `https://${name}`,
        { instance_hosts: ['.my.victim.test'] },
        { upstream },
      );
      const answer = await send(proxy.url);
      expect(await refusal(answer)).toEqual(forbidden);
      expect(JSON.stringify(await answer.json())).toContain('is no public address');
      expect(dns.asked).toContain(name);
      expect(trap.connections).toEqual([]);
    },
  );

  test('a public address is connected to', async () => {
    // TEST-NET-1 is no private network, and nobody is there.
    dns.answers.set(name, ['192.0.2.99']);
    const { proxy } = await startWithInstance(
      `https://${name}`,
      { instance_hosts: ['.my.victim.test'] },
      { upstream: { ...upstream, connect_timeout: '2s' } },
    );
    const answer = await send(proxy.url);
    expect(answer.headers.get('x-proxy-error')).toMatch(/^upstream_(timeout|unreachable)$/);
  });

  test('a host that is listed by its whole name may be anywhere: the operator vouches for it', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, { config: { upstream } });
    expect((await send(proxy.url)).headers.get('x-proxy-error')).toBeNull();
    expect(org.control.executed().map(({ method }) => method)).toContain('POST');
  });
});

test('a name is judged for each connection, not once: DNS may change its mind', async () => {
  const open = createOpenSocket({
    connectTimeoutMs: 2000,
    authorities: undefined,
    proxy: undefined,
    mustBePublic: () => true,
  });
  const connect = () =>
    new Promise((resolve) => {
      open({ protocol: 'https:', hostname: name, port: '' }, (...[error]) =>
        resolve((error as { code?: string } | null)?.code),
      );
    });
  dns.answers.set(name, ['192.0.2.99']);
  expect(await connect()).toMatch(/^upstream_(timeout|unreachable)$/);
  dns.answers.set(name, ['127.0.0.1']);
  expect(await connect()).toBe('instance_forbidden');
});
