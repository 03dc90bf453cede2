import { expect, test } from 'vitest';
import { ProxyError } from '../src/errors.ts';
import { createMetrics, type Metrics } from '../src/metrics.ts';
import type { OrgStatus } from '../src/org.ts';
import { makeRequest } from './support/make-event.ts';
import { type Family, parsePrometheusText, sampleValue } from './support/prometheus-text.ts';

const user = {
  username: 'integration@example.com',
  state: 'ready',
  instance: 'https://x.my.salesforce.com',
  ageMs: 90_000,
  lastLoginAtMs: 1,
  error: undefined,
} as const;

function makeStatus(facts: Partial<OrgStatus> = {}): OrgStatus {
  return {
    name: 'dev',
    users: [user, { ...user, username: 'reports@example.com', state: 'failed', ageMs: undefined }],
    inFlight: 3,
    queued: 2,
    apiUsage: { used: 40, limit: 100 },
    apiUsageStopPercent: 95,
    certificate: { standing: 'valid', daysLeft: 1, validToMs: 0, leftMs: 86_400_000 },
    ...facts,
  };
}

async function scrape(metrics: Metrics, orgs: OrgStatus[] = []): Promise<Map<string, Family>> {
  return parsePrometheusText(await metrics.scrape(orgs));
}

test('the metrics are those of the design, by name and label', async () => {
  const metrics = createMetrics();
  const error = new ProxyError('policy_denied', 'no');
  metrics.note(makeRequest({ replayed: true, error }));
  metrics.note({
    type: 'logged_in',
    org: 'dev',
    username: 'u',
    instance: 'https://x',
    durationMs: 1,
  });
  const families = await scrape(metrics, [makeStatus()]);
  const own = [...families.values()].filter(({ name }) => name.startsWith('sf_auth_proxy_'));
  const labelsOf = ({ samples, type }: Family) => {
    const [first] = type === 'histogram' ? samples.slice(-1) : samples;
    return Object.keys(first?.labels ?? {}).join();
  };
  expect(own.map((family) => `${family.name.slice(14)}{${labelsOf(family)}}`).sort()).toEqual([
    'api_limit{org}',
    'api_usage{org}',
    'certificate_expiry_seconds{org}',
    'denied_total{reason}',
    'exchanges_total{org,result}',
    'in_flight{org}',
    'queued{org}',
    'replays_total{org,result}',
    'request_duration_seconds{org}',
    'requests_total{org,client,method,status,outcome}',
    'session_age_seconds{org,username}',
    'sessions{org,state}',
    'upstream_duration_seconds{org}',
  ]);
  expect(families.has('process_cpu_seconds_total')).toBe(true);
});

test('what comes from outside folds into bounded label values', async () => {
  const metrics = createMetrics();
  for (const method of ['BREW', 'PROPFIND', 'get']) metrics.note(makeRequest({ method }));
  metrics.note(makeRequest({ status: 999, org: undefined, client: 'reports' }));
  metrics.note(makeRequest({ status: 0, cut: true, upstreamMs: undefined }));
  const families = await scrape(metrics);
  const { samples = [] } = families.get('sf_auth_proxy_requests_total') ?? {};
  const plain = { org: 'dev', client: '-', status: '200', outcome: 'ok' };
  expect(samples.map(({ labels, value }) => ({ ...labels, value }))).toEqual([
    { ...plain, method: 'OTHER', value: 3 },
    {
      org: '-',
      client: 'reports',
      method: 'GET',
      status: 'other',
      outcome: 'server_error',
      value: 1,
    },
    { ...plain, method: 'GET', status: 'none', outcome: 'cut', value: 1 },
  ]);
});

test('a label value with quotes, backslashes and line breaks leaves the text readable', async () => {
  const metrics = createMetrics();
  const username = 'a"b\\c\nd';
  const families = await scrape(metrics, [makeStatus({ users: [{ ...user, username }] })]);
  expect(sampleValue(families, 'session_age_seconds', { username })).toBe(90);
});

test('durations count in seconds, and an answer of the proxy itself counts no upstream time', async () => {
  const metrics = createMetrics();
  metrics.note(makeRequest({ durationMs: 2000, upstreamMs: 1500 }));
  metrics.note(makeRequest({ durationMs: 1000, upstreamMs: undefined }));
  const families = await scrape(metrics);
  expect(sampleValue(families, 'request_duration_seconds_sum')).toBe(3);
  expect(sampleValue(families, 'request_duration_seconds_count')).toBe(2);
  expect(sampleValue(families, 'request_duration_seconds_bucket', { le: '1' })).toBe(1);
  expect(sampleValue(families, 'upstream_duration_seconds_count')).toBe(1);
});

test('every try of a login counts as one exchange', async () => {
  const metrics = createMetrics();
  const who = { org: 'dev', username: 'u' };
  metrics.note({ type: 'login_retry', ...who, attempt: 2, why: 'it was busy' });
  metrics.note({ type: 'login_retry', ...who, attempt: 3, why: 'it was busy' });
  const error = new ProxyError('login_unavailable', 'no');
  metrics.note({ type: 'login_failed', ...who, error });
  const families = await scrape(metrics);
  expect(sampleValue(families, 'exchanges_total', { result: 'retried' })).toBe(2);
  expect(sampleValue(families, 'exchanges_total', { result: 'login_unavailable' })).toBe(1);
});

test.each([
  ['ok', { status: 200 }],
  ['refused', { status: 401 }],
  ['failed', { status: 502, error: new ProxyError('upstream_broken', 'gone') }],
  ['failed', { status: 0, cut: true }],
])('a replay ends as %s with %o', async (result, facts) => {
  const metrics = createMetrics();
  metrics.note(makeRequest({ replayed: true, ...facts }));
  expect(sampleValue(await scrape(metrics), 'replays_total', { org: 'dev', result })).toBe(1);
});

test.each([
  ['host_forbidden', 1],
  ['overloaded', 1],
  ['api_budget_spent', 1],
  ['login_rejected', undefined],
  ['internal', undefined],
] as const)('%s counts as denied: %s', async (code, count) => {
  const metrics = createMetrics();
  const error = new ProxyError(code, 'no');
  metrics.note(makeRequest({ status: error.status, error }));
  expect(sampleValue(await scrape(metrics), 'denied_total', { reason: code })).toBe(count);
});

test('gauges are the state at the scrape, and an org that went away is told no more', async () => {
  const metrics = createMetrics();
  const before = await scrape(metrics, [makeStatus(), makeStatus({ name: 'old' })]);
  expect(sampleValue(before, 'sessions', { org: 'dev', state: 'ready' })).toBe(1);
  expect(sampleValue(before, 'sessions', { org: 'dev', state: 'failed' })).toBe(1);
  expect(sampleValue(before, 'sessions', { org: 'dev', state: 'none' })).toBe(0);
  expect(sampleValue(before, 'api_usage', { org: 'dev' })).toBe(40);
  expect(sampleValue(before, 'api_limit', { org: 'dev' })).toBe(100);
  expect(sampleValue(before, 'in_flight', { org: 'dev' })).toBe(3);
  expect(sampleValue(before, 'queued', { org: 'dev' })).toBe(2);
  expect(sampleValue(before, 'certificate_expiry_seconds', { org: 'dev' })).toBe(86_400);
  expect(sampleValue(before, 'queued', { org: 'old' })).toBe(2);

  const bare = makeStatus({ users: [], apiUsage: undefined, certificate: undefined, queued: 0 });
  const after = await scrape(metrics, [bare]);
  expect(sampleValue(after, 'queued', { org: 'old' })).toBeUndefined();
  expect(sampleValue(after, 'queued', { org: 'dev' })).toBe(0);
  expect(sampleValue(after, 'api_usage')).toBeUndefined();
  expect(sampleValue(after, 'certificate_expiry_seconds')).toBeUndefined();
});

test('two proxies in one process count for themselves', async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.note(makeRequest());
  expect(sampleValue(await scrape(one), 'requests_total')).toBe(1);
  expect(sampleValue(await scrape(other), 'requests_total')).toBeUndefined();
});
