// The admin listener of a whole proxy: what an operator, Prometheus and Kubernetes ask of it, and what a web page may not.
import { createServer } from 'node:net';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StatusJson } from '../../src/admin/status.ts';
import { configSchema } from '../../src/config/schema.ts';
import { ProxyError } from '../../src/errors.ts';
import type { Event } from '../../src/events.ts';
import { createProxyServer } from '../../src/server.ts';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { parsePrometheusText, sampleValue } from '../support/prometheus-text.ts';
import { send } from '../support/send.ts';
import { startOrg } from '../support/start-org.ts';
import {
  startProxy,
  type TestProxy,
  type TestProxyOptions,
  testConfig,
} from '../support/start-proxy.ts';
import { makeTestKey, temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const limits = '/services/data/v67.0/limits';
const secretKey = 'a-key-that-nobody-may-see-0123456789';

async function setUp(options: TestProxyOptions = {}) {
  const org = await startOrg();
  const config = { admin: { listen: '127.0.0.1:0' }, ...options.config };
  const proxy = await startProxy(org, { ...options, config });
  return { org, proxy, admin: adminOf(proxy) };
}

function adminOf(proxy: TestProxy): string {
  return proxy.eventsOf('admin_listening')[0]?.address ?? '';
}

async function readStatus(admin: string): Promise<StatusJson> {
  return JSON.parse((await send(`${admin}/api/status`)).text);
}

describe('metrics', () => {
  test('a scrape says exactly what was asked', async () => {
    const { org, proxy, admin } = await setUp();
    for (let i = 0; i < 3; i += 1) await send(proxy.url + limits);
    await send(`${proxy.url}/services/data/v67.0/nothing`);
    await send(`${proxy.url}/outside`);
    org.control.endSessions();
    await send(proxy.url + limits);
    await waitFor(() => proxy.eventsOf('request').length === 6, 'all requests');

    const answer = await send(`${admin}/metrics`);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = parsePrometheusText(answer.text);
    const mine = { org: 'test', client: '-', method: 'GET' };
    const ok = { ...mine, status: '200', outcome: 'ok' };
    const notFound = { ...mine, status: '404', outcome: 'client_error' };
    const unknown = { org: '-', status: '404', outcome: 'proxy_error:route_unknown' };
    expect(sampleValue(families, 'requests_total', ok)).toBe(4);
    expect(sampleValue(families, 'requests_total', notFound)).toBe(1);
    expect(sampleValue(families, 'requests_total', unknown)).toBe(1);
    expect(sampleValue(families, 'request_duration_seconds_count', { org: 'test' })).toBe(5);
    expect(sampleValue(families, 'upstream_duration_seconds_count', { org: 'test' })).toBe(5);
    expect(sampleValue(families, 'exchanges_total', { org: 'test', result: 'ok' })).toBe(2);
    expect(sampleValue(families, 'replays_total', { org: 'test', result: 'ok' })).toBe(1);
    expect(sampleValue(families, 'denied_total', { reason: 'route_unknown' })).toBe(1);
    expect(sampleValue(families, 'sessions', { org: 'test', state: 'ready' })).toBe(1);
    expect(sampleValue(families, 'in_flight', { org: 'test' })).toBe(0);
    expect(sampleValue(families, 'api_limit', { org: 'test' })).toBe(15_000);

    // A reader that nobody here wrote finds the same.
    const requests = parsePrometheusTextFormat(answer.text)?.find(
      ({ name }) => name === 'sf_auth_proxy_requests_total',
    );
    expect(requests?.type).toBe('COUNTER');
    expect(requests?.metrics).toContainEqual({ value: '4', labels: ok });
    expect(requests?.metrics).toContainEqual({ value: '1', labels: notFound });
  });
});

describe('probes', () => {
  test('ready does not depend on Salesforce, and ends with draining while requests go on', async () => {
    const org = await startOrg();
    org.control.tokenEndpoint({ mode: 'hang' });
    const { server, address } = createServerFor(org, { admin: { listen: '127.0.0.1:0' } });
    const url = await server.listen();
    const admin = address();
    const probe = async (path: string) => (await send(admin + path)).status;
    for (const path of ['/healthz', '/readyz', '/startupz']) expect(await probe(path)).toBe(200);

    const client = new AbortController();
    const waiting = send(url + limits, { signal: client.signal }).catch(() => {});
    await waitFor(async () => (await readStatus(admin)).orgs[0]?.inFlight === 1, 'it in flight');
    const closed = server.close(30_000);
    expect(await probe('/readyz')).toBe(503);
    expect(await probe('/healthz')).toBe(200);
    expect(await probe('/startupz')).toBe(200);
    client.abort();
    await Promise.all([closed, waiting]);
    await expect(probe('/healthz')).rejects.toThrow('ECONNREFUSED');
  });

  test('a probe by any Host is answered, for what asks by a name of its own', async () => {
    const { admin } = await setUp();
    const headers = { host: 'sf-auth-proxy.apps.svc' };
    expect((await send(`${admin}/readyz`, { headers })).status).toBe(200);
    expect((await send(`${admin}/metrics`, { headers })).status).toBe(403);
  });
});

describe('the status', () => {
  test('tells each user of each org, its session and its certificate', async () => {
    const { proxy, admin } = await setUp();
    await send(proxy.url + limits);
    const status = await readStatus(admin);
    expect(status).toMatchObject({
      readiness: 'ready',
      configuration: { reloadedAt: null, refused: null, needsRestart: [] },
      orgs: [
        {
          name: 'test',
          inFlight: 0,
          queued: 0,
          apiUsage: { limit: 15_000, stopPercent: 95 },
          certificate: null,
          users: [{ username: 'integration@example.com', state: 'ready', error: null }],
        },
      ],
    });
    expect(status.orgs[0]?.users[0]?.instance).toMatch(/^https:\/\/localhost:\d+$/);
  });

  test('a refused login is told with its fix, and "log in again" ends it once it is mended', async () => {
    const org = await startOrg();
    const config = { admin: { listen: '127.0.0.1:0' } };
    const options = { config, org: { client_id: 'unknown' }, withoutLogin: true };
    const proxy = await startProxy(org, options);
    const admin = adminOf(proxy);
    await waitFor(() => proxy.eventsOf('login_failed').length > 0, 'the refused login');
    const [user] = (await readStatus(admin)).orgs[0]?.users ?? [];
    expect(user).toMatchObject({ state: 'failed', instance: null, ageSeconds: null });
    expect(user?.error?.code).toBe('login_rejected');
    expect(user?.error?.message).toContain('Consumer Key');

    org.control.registerApp({
      consumerKey: 'unknown',
      certificatePem: makeTestKey().certificatePem,
    });
    const answer = await logInAgain(admin, 'test');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).users[0]).toMatchObject({ state: 'ready', error: null });
    expect((await send(proxy.url + limits)).status).toBe(200);
  });

  test('"log in again" that fails says so', async () => {
    const { org, admin } = await setUp();
    org.control.tokenEndpoint({ mode: 'status', error: 'invalid_grant' });
    const answer = await logInAgain(admin, 'test');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text).users[0]).toMatchObject({ state: 'failed' });
  });

  test('a refused configuration is shown until one is taken over, and what waits for a restart', async () => {
    const org = await startOrg();
    const keys = { admin: { listen: '127.0.0.1:0' } };
    const { server, address } = createServerFor(org, keys);
    await server.listen();
    const error = new ProxyError('config_invalid', 'config.yaml:3:1 orgs: <missing>');
    server.emit({ type: 'reload_refused', error });
    const { configuration } = await readStatus(address());
    expect(configuration.refused?.message).toBe(error.message);
    expect((await send(`${address()}/`)).text).toContain('config.yaml:3:1 orgs: &lt;missing&gt;');

    server.reload(configSchema('/').parse(testConfig(org, { config: { admin: 'off' } })));
    const after = await readStatus(address());
    expect(after.configuration).toMatchObject({ refused: null, needsRestart: ['admin'] });
  });
});

describe('what a web page may not', () => {
  test.each([
    ['without the header', {}],
    ['from another origin', { 'x-sf-auth-proxy': '1', origin: 'https://evil.example' }],
    ['from a sandboxed frame', { 'x-sf-auth-proxy': '1', origin: 'null' }],
    ['across sites', { 'x-sf-auth-proxy': '1', 'sec-fetch-site': 'cross-site' }],
    ['from another port', { 'x-sf-auth-proxy': '1', origin: 'http://127.0.0.1:1' }],
    ['by a rebound name', { 'x-sf-auth-proxy': '1', host: 'evil.example' }],
  ])('log in again %s', async (_, headers) => {
    const { admin, proxy } = await setUp();
    const answer = await send(`${admin}/api/orgs/test/login`, { method: 'POST', headers });
    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(proxy.eventsOf('logged_in')).toHaveLength(1);
  });

  test.each([
    '/',
    '/api/status',
    '/api/events',
    '/api/history',
    '/metrics',
    '/assets/dashboard.js',
  ])('read %s', async (path) => {
    const { admin } = await setUp();
    const cases: Record<string, string>[] = [
      { host: 'evil.example' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ];
    for (const headers of cases) {
      expect((await send(admin + path, { headers })).status).toBe(403);
    }
  });

  test('but a link to the dashboard may be followed', async () => {
    const { admin } = await setUp();
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await send(`${admin}/`, { headers })).status).toBe(200);
    expect((await send(`${admin}/api/status`, { headers })).status).toBe(403);
  });

  test('names of the data port are served here too, and nothing outlives its answer in a cache', async () => {
    const { admin } = await setUp({ config: { access: { allowed_hosts: ['proxy'] } } });
    const answer = await send(`${admin}/`, { headers: { host: 'proxy:9090' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

test('nothing secret is in any answer', async () => {
  const { org, proxy, admin } = await setUp();
  const soql = 'SELECT+Id+FROM+Contact+WHERE+Email=secret@example.com';
  const headers = { authorization: `Bearer ${secretKey}` };
  await send(`${proxy.url}/services/data/v67.0/query?q=${soql}`, { headers });
  org.control.endSessions();
  await send(`${proxy.url}${limits}?oauth_token=${secretKey}`);
  await waitFor(() => proxy.eventsOf('request').length === 2, 'both requests');
  const stream = await readEvents(admin, (text) => text.includes('"number":2'));
  const pages = ['/', '/metrics', '/api/status', '/api/history'];
  const texts = await Promise.all(pages.map(async (path) => (await send(admin + path)).text));
  for (const text of [stream, ...texts]) {
    expect(text).not.toMatch(/00D[A-Za-z0-9]{12,15}!/);
    expect(text).not.toContain(secretKey);
    expect(text).not.toContain('secret@example.com');
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]+\./);
  }
});

test('the events are those of the log, one by one', async () => {
  const { proxy, admin } = await setUp();
  await send(proxy.url + limits, { headers: { 'x-request-id': 'mine-1' } });
  const text = await readEvents(admin, (read) => read.includes('event: request'));
  const [, data = ''] = /event: request\nid: .+\ndata: (.+)\n/.exec(text) ?? [];
  const [event] = proxy.eventsOf('request');
  expect(JSON.parse(data)).toMatchObject({
    number: 1,
    requestId: 'mine-1',
    org: 'test',
    client: null,
    method: 'GET',
    path: limits,
    status: 200,
    outcome: 'ok',
    bytes: event?.bytes,
    replayed: false,
    error: null,
  });
});

describe('the address', () => {
  test('off: nothing listens', async () => {
    const proxy = await startProxy(await startOrg(), { config: { admin: 'off' } });
    expect(proxy.events.filter(({ type }) => type.startsWith('admin_'))).toEqual([]);
  });

  test('a unix socket', async () => {
    const listen = `unix:${temporaryDirectory()}/admin.sock`;
    const proxy = await startProxy(await startOrg(), { config: { admin: { listen } } });
    expect(adminOf(proxy)).toBe(listen);
  });

  test('one that was chosen and is in use ends the start, and says what to do', async () => {
    const port = await takenPort();
    const { server, events } = createServerFor(await startOrg(), {
      admin: { listen: `127.0.0.1:${port}` },
    });
    await expect(server.listen()).rejects.toThrow(/in use.*admin\.listen/);
    expect(events.some(({ type }) => type === 'listening')).toBe(false);
  });

  test('the default one that is in use is left out with a warning', async () => {
    const isTaken = () =>
      takenPort(9090).then(
        () => true,
        () => false,
      );
    // Another test may have it for a moment; where the machine has something there already, that is as good.
    await waitFor(isTaken, 'the port', 10_000).catch(() => {});
    const { server, events } = createServerFor(await startOrg(), { admin: undefined });
    await server.listen();
    expect(events.map(({ type }) => type)).toContain('admin_unavailable');
    expect(events.map(({ type }) => type)).toContain('listening');
  });
});

function logInAgain(admin: string, org: string) {
  const headers = { 'x-sf-auth-proxy': '1', origin: admin, 'sec-fetch-site': 'same-origin' };
  return send(`${admin}/api/orgs/${org}/login`, { method: 'POST', headers });
}

/** Reads `/api/events` until what was read has what is looked for. */
async function readEvents(admin: string, isEnough: (text: string) => boolean): Promise<string> {
  const answer = await fetch(`${admin}/api/events`, { signal: AbortSignal.timeout(60_000) });
  let text = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (isEnough(text)) break;
  }
  return text;
}

function createServerFor(org: SimulatedOrg, config: Record<string, unknown>) {
  const events: Event[] = [];
  const address = () =>
    events.find((event) => event.type === 'admin_listening')?.address ?? 'no address';
  const server = createProxyServer({
    config: configSchema('/').parse(testConfig(org, { config })),
    emit: (event) => events.push(event),
  });
  onTestFinished(async () => void (await server.close()));
  return { server, events, address };
}

async function takenPort(wanted = 0): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}
