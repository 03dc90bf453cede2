// A login that fails: what the client is told, how often the token endpoint is asked, and that everybody who waits gets an end.
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { startRawUpstream } from '../support/raw-upstream.ts';
import { type Answer, send } from '../support/send.ts';
import { startOrg, testClientId, testUsername } from '../support/start-org.ts';
import { startProxy, type TestProxy, type TestProxyOptions } from '../support/start-proxy.ts';
import { makeTestKey } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';

async function startFailing(
  prepare: (org: SimulatedOrg) => void,
  options: TestProxyOptions = {},
): Promise<{ org: SimulatedOrg; proxy: TestProxy }> {
  const org = await startOrg();
  prepare(org);
  const proxy = await startProxy(org, { withoutLogin: true, ...options });
  await waitFor(
    () => proxy.eventsOf('login_failed').length + proxy.eventsOf('logged_in').length > 0,
    'the login at start',
  );
  return { org, proxy };
}

function codeOf({ status, headers, text }: Answer): unknown[] {
  const [first] = JSON.parse(text) as { errorCode: string }[];
  return [status, headers['x-proxy-error'], first?.errorCode];
}

/** No session and no assertion in anything that was told or answered. */
function expectNoSecret(proxy: TestProxy, ...answers: Answer[]): void {
  const told = JSON.stringify(proxy.events, (_key, value) =>
    value instanceof Error
      ? { ...value, message: value.message, stack: value.stack, cause: value.cause }
      : value,
  );
  for (const text of [told, ...answers.map((one) => one.text + JSON.stringify(one.headers))]) {
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{10}|00D\w{12,15}!|PRIVATE KEY/);
  }
}

describe('a refusal tells what to do', () => {
  const refusing = (error: string, error_description: string) => (org: SimulatedOrg) =>
    org.control.tokenEndpoint({ mode: 'status', error, error_description });
  const change = (changes: object) => (org: SimulatedOrg) =>
    org.control.registerApp({ consumerKey: testClientId, ...changes });
  const cases: [
    name: string,
    prepare: (org: SimulatedOrg) => void,
    said: string,
    fix: RegExp,
    org?: Record<string, unknown>,
  ][] = [
    [
      'not pre-authorised',
      change({ adminApproved: false, approvedUsers: [] }),
      "hasn't approved this consumer",
      /Admin approved users are pre-authorized/,
    ],
    [
      'profile not assigned',
      change({ approvedUsers: [] }),
      'not admin approved',
      /profile or permission set/,
    ],
    [
      'audience',
      () => {},
      'audience is invalid',
      /Set audience to/,
      { audience: 'https://example.com' },
    ],
    [
      'certificate',
      change({ certificatePem: makeTestKey('another').certificatePem }),
      'invalid assertion',
      /upload the certificate/,
    ],
    [
      'inactive user',
      () => {},
      'inactive user',
      /Activate the user/,
      { username: 'inactive@example.com' },
    ],
    [
      'unknown user',
      () => {},
      'invalid user',
      /username is not a user/,
      { username: 'nobody@example.com' },
    ],
    ['consumer key', () => {}, 'client identifier invalid', /Consumer Key/, { client_id: 'wrong' }],
    ['wrong host', change({ installed: false }), 'app_not_found', /My Domain/],
    ['IP ranges', refusing('invalid_grant', 'ip restricted'), 'ip restricted', /Login IP Ranges/],
    ['something new', refusing('new_error', 'never seen'), 'never seen', /Login History/],
  ];
  test.each(cases)('%s', async (_name, prepare, said, fix, orgKeys = {}) => {
    const { org, proxy } = await startFailing(prepare, { org: orgKeys });
    const got = await send(proxy.url + limits);
    expect(codeOf(got)).toEqual([502, 'login_rejected', 'PROXY_LOGIN_REJECTED']);
    expect(got.headers['retry-after']).toBeUndefined();
    expect(got.text).toContain(said);
    expect(got.text).toContain('org \\"test\\"');
    expect(got.text).toMatch(fix);
    expect(org.control.counts().tokenRequests).toBe(1);
    expectNoSecret(proxy, got);
  });

  test('a wrong clock, and by how much', async () => {
    const { proxy } = await startFailing(() => {}, { now: () => Date.now() - 600_000 });
    const got = await send(proxy.url + limits);
    expect(got.text).toContain('expired authorization code');
    expect(got.text).toMatch(/(59\d|60\d) s behind the Date/);
  });

  test('a description that echoes the assertion or a session does not pass it on', async () => {
    const jwt = `eyJ${'h'.repeat(20)}.${'c'.repeat(20)}.${'s'.repeat(20)}`;
    const { proxy } = await startFailing(
      refusing('invalid_grant', `bad ${jwt} for 00D000000000001!AQsecret`),
    );
    const got = await send(proxy.url + limits);
    expect(got.text).toContain('bad [redacted] for [redacted]');
    expectNoSecret(proxy, got);
  });
});

test('a refusal is remembered: 1,000 requests in a minute make 2 token requests', async () => {
  let nowMs = Date.now();
  const { org, proxy } = await startFailing(
    (one) => one.control.registerApp({ consumerKey: testClientId, installed: false }),
    { now: () => nowMs },
  );
  for (let i = 0; i < 100; i += 1) {
    const got = await Promise.all(Array.from({ length: 10 }, () => send(proxy.url + limits)));
    for (const one of got) expect(one.headers['x-proxy-error']).toBe('login_rejected');
    nowMs += 599;
  }
  expect(org.control.counts().tokenRequests).toBe(2);
  // Mended in Salesforce: seen when the wait is over.
  org.control.registerApp({ consumerKey: testClientId, installed: true });
  nowMs += 60_000;
  expect((await send(proxy.url + limits)).status).toBe(200);
});

describe('an endpoint that cannot be used is asked at most 3 times in login_timeout', () => {
  const unusable = (fault: Parameters<SimulatedOrg['control']['tokenEndpoint']>[0]) => fault;
  const big = JSON.stringify({ access_token: 'x', instance_url: 'y', pad: 'z'.repeat(70_000) });
  const faults = [
    unusable({ mode: 'html' }),
    unusable({ mode: 'html', status: 503 }),
    unusable({ mode: 'empty' }),
    unusable({ mode: 'garbled' }),
    unusable({ mode: 'reset' }),
    unusable({ mode: 'status', status: 500, error: 'invalid_grant' }),
    unusable({ mode: 'status', status: 420 }),
    unusable({ mode: 'status', status: 429 }),
    unusable({ mode: 'status', error: 'unknown_error' }),
    unusable({ mode: 'status', error: 'server_error' }),
    unusable({ mode: 'status', status: 200, body: big }),
  ];
  test.each(faults.map((fault) => [JSON.stringify(fault).slice(0, 70), fault] as const))(
    '%s',
    async (_name, fault) => {
      const nowMs = Date.now();
      const { org, proxy } = await startFailing((one) => one.control.tokenEndpoint(fault), {
        now: () => nowMs,
      });
      const got = await Promise.all(Array.from({ length: 20 }, () => send(proxy.url + limits)));
      for (const one of got) {
        expect(codeOf(one)).toEqual([503, 'login_unavailable', 'PROXY_LOGIN_UNAVAILABLE']);
        expect(one.headers['retry-after']).toBe('15');
        expect(one.text).toContain('org \\"test\\"');
      }
      expect(org.control.counts().tokenRequests).toBe(3);
      expect(proxy.eventsOf('login_retry').map(({ attempt }) => attempt)).toEqual([2, 3]);
      expectNoSecret(proxy, ...got);
    },
  );

  test('two failures and then a session: no client sees it', async () => {
    const { org, proxy } = await startFailing((one) =>
      one.control.tokenEndpoint({ mode: 'reset', times: 2 }),
    );
    expect((await send(proxy.url + limits)).status).toBe(200);
    expect(org.control.counts()).toMatchObject({ tokenRequests: 3, exchanges: 1 });
  });

  test('one that refuses connections', async () => {
    const org = await startOrg();
    const proxy = await startProxy(org, {
      withoutLogin: true,
      org: { login_url: 'https://localhost:1' },
    });
    const got = await send(proxy.url + limits);
    expect(codeOf(got)).toEqual([503, 'login_unavailable', 'PROXY_LOGIN_UNAVAILABLE']);
    expect(got.text).toContain('ECONNREFUSED');
    expect(proxy.eventsOf('login_retry')).toHaveLength(2);
  });

  test('one whose certificate nobody signed, with the key to set', async () => {
    const [org, other] = await Promise.all([startOrg(), startOrg()]);
    const proxy = await startProxy(org, { withoutLogin: true, org: { login_url: other.origin } });
    const got = await send(proxy.url + limits);
    expect(got.headers['x-proxy-error']).toBe('login_unavailable');
    expect(got.text).toContain('upstream.ca_file');
  });
});

describe('an endpoint that hangs costs login_timeout, and everybody who waits gets an end', () => {
  async function expectEnds(proxy: TestProxy, attempts: () => number): Promise<void> {
    const got = await Promise.all(Array.from({ length: 50 }, () => send(proxy.url + limits)));
    for (const one of got) {
      expect(one.headers['x-proxy-error']).toBe('login_unavailable');
      expect(one.text).toContain('did not answer within 0.8 s');
    }
    const logins = proxy.eventsOf('login_failed').length;
    expect(attempts()).toBeLessThanOrEqual(logins);
    expect(logins).toBeLessThan(10);
  }
  const config = { upstream: { login_timeout: '800ms' } };

  test('after the request', async () => {
    const org = await startOrg();
    org.control.tokenEndpoint({ mode: 'hang' });
    const proxy = await startProxy(org, { withoutLogin: true, config });
    await expectEnds(proxy, () => org.control.counts().tokenRequests);
  });

  test('in the TLS handshake, though connect_timeout is longer', async () => {
    const sockets = new Set<{ destroy(): void }>();
    let attempts = 0;
    const silent = createServer((socket) => {
      attempts += 1;
      sockets.add(socket.on('error', () => {}));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as { port: number };
    const org = await startOrg();
    const proxy = await startProxy(org, {
      withoutLogin: true,
      config,
      org: { login_url: `https://localhost:${port}` },
    });
    await expectEnds(proxy, () => attempts);
  });
});

test('login rate exceeded is left alone for 15 minutes', async () => {
  let nowMs = Date.now();
  const { org, proxy } = await startFailing((one) => one.control.loginRateLimit(0), {
    now: () => nowMs,
  });
  const first = await send(proxy.url + limits);
  expect(codeOf(first)).toEqual([503, 'login_rate_exceeded', 'PROXY_LOGIN_RATE_EXCEEDED']);
  expect(first.headers['retry-after']).toBe('900');
  expect(first.text).toContain('3,600 logins an hour');
  nowMs += 899_000;
  expect((await send(proxy.url + limits)).headers['retry-after']).toBe('1');
  expect(org.control.counts().tokenRequests).toBe(1);
  org.control.loginRateLimit(null);
  nowMs += 1000;
  expect((await send(proxy.url + limits)).status).toBe(200);
});

test('when a session dies and the login fails, the client gets the error and not the 401', async () => {
  const org = await startOrg();
  const proxy = await startProxy(org);
  org.control.registerUser({ username: testUsername, active: false });
  org.control.endSessions();
  const got = await send(proxy.url + limits);
  expect(got.headers['x-proxy-error']).toBe('login_rejected');
  expect(got.text).toContain('inactive user');
});

describe('an instance_url that must not receive a token', () => {
  test.each([
    'http://localhost',
    'https://user@localhost',
    'https://localhost/path',
    'https://localhost?x',
    'https://localhost:1',
    'https://evil.example',
    'https://acme.my.salesforce.com.evil.example',
    'javascript:alert(1)',
    'x\r\ny',
  ])('%j', async (instanceUrl) => {
    const { org, proxy } = await startFailing((one) => one.control.instanceUrl(instanceUrl));
    const got = await send(proxy.url + limits);
    expect(codeOf(got)).toEqual([502, 'instance_forbidden', 'PROXY_INSTANCE_FORBIDDEN']);
    expect(got.text).toContain('instance_hosts');
    expect(org.control.counts().tokenRequests).toBe(1);
    expectNoSecret(proxy, got);
  });

  test('nothing is sent there', async () => {
    const evil = await startRawUpstream();
    const { proxy } = await startFailing((one) => one.control.instanceUrl(evil.url));
    expect((await send(proxy.url + limits)).headers['x-proxy-error']).toBe('instance_forbidden');
    expect(evil.connections).toHaveLength(0);
  });
});
