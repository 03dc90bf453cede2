// The metrics (design.md, "Operations"): counters and histograms from the events, gauges from the state at the moment of the
// scrape. Label values are bounded: what comes from outside folds into names that are known.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Emit, Event, RequestEvent } from './events.ts';
import { outcomeOf } from './events.ts';
import type { OrgStatus } from './org.ts';

export interface Metrics {
  readonly note: Emit;
  /** The text of a scrape. */
  scrape(orgs: readonly OrgStatus[]): Promise<string>;
  readonly contentType: string;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const sessionStates = ['none', 'logging_in', 'ready', 'failed'] as const;

/** From a cached answer to the 10 minutes after which Salesforce ends a request. */
const durationBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = createRequestMetrics(registry);
  const noteLogin = createLoginMetrics(registry);
  const setGauges = createGauges(registry);
  return {
    note: (event) => {
      if (event.type === 'request') requests(event);
      else noteLogin(event);
    },
    scrape: (orgs) => {
      setGauges(orgs);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function createRequestMetrics(registry: Registry): (event: RequestEvent) => void {
  const registers = [registry];
  const total = new Counter({
    name: 'sf_auth_proxy_requests_total',
    help: 'Requests of clients',
    labelNames: ['org', 'client', 'method', 'status', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'sf_auth_proxy_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    labelNames: ['org'],
    buckets: durationBuckets,
    registers,
  });
  const upstreamDuration = new Histogram({
    name: 'sf_auth_proxy_upstream_duration_seconds',
    help: 'From sending a request to Salesforce to the head of its answer',
    labelNames: ['org'],
    buckets: durationBuckets,
    registers,
  });
  const replays = new Counter({
    name: 'sf_auth_proxy_replays_total',
    help: 'Requests that were sent again with a new session',
    labelNames: ['org', 'result'],
    registers,
  });
  const denied = new Counter({
    name: 'sf_auth_proxy_denied_total',
    help: 'Requests that the proxy refused, by the code of the error',
    labelNames: ['reason'],
    registers,
  });
  return (event) => {
    const { client = '-', org = '-', error, upstreamMs } = event;
    const method = methods.has(event.method) ? event.method : 'OTHER';
    const status = statusLabel(event.status);
    const outcome = outcomeOf(event);
    total.inc({ org, client, method, status, outcome });
    duration.observe({ org }, event.durationMs / 1000);
    if (upstreamMs !== undefined) upstreamDuration.observe({ org }, upstreamMs / 1000);
    if (event.replayed) replays.inc({ org, result: replayResult(event) });
    if (error && isDenial(error)) denied.inc({ reason: error.code });
  };
}

function createLoginMetrics(registry: Registry): (event: Event) => void {
  const exchanges = new Counter({
    name: 'sf_auth_proxy_exchanges_total',
    help: 'Logins at the token endpoint: ok, retried, or the code of the error',
    labelNames: ['org', 'result'],
    registers: [registry],
  });
  return (event) => {
    if (event.type === 'logged_in') exchanges.inc({ org: event.org, result: 'ok' });
    // Told before the next try: the one before it has failed.
    else if (event.type === 'login_retry') exchanges.inc({ org: event.org, result: 'retried' });
    else if (event.type === 'login_failed') {
      exchanges.inc({ org: event.org, result: event.error.code });
    }
  };
}

function createGauges(registry: Registry): (orgs: readonly OrgStatus[]) => void {
  const gauge = (name: string, help: string, labelNames: string[] = ['org']) =>
    new Gauge({ name: `sf_auth_proxy_${name}`, help, labelNames, registers: [registry] });
  const sessions = gauge('sessions', 'Salesforce users, by the state of their session', [
    'org',
    'state',
  ]);
  const age = gauge('session_age_seconds', 'Since the login of a session that is in use', [
    'org',
    'username',
  ]);
  const usage = gauge('api_usage', 'API requests of the last 24 hours, as Salesforce counts them');
  const limit = gauge('api_limit', 'API requests that Salesforce allows in 24 hours');
  const inFlight = gauge('in_flight', 'Requests that are being forwarded');
  const queued = gauge('queued', 'Requests that wait for a place among those in flight');
  const expiry = gauge(
    'certificate_expiry_seconds',
    'Until the certificate of the key expires; negative: since then',
  );
  const all = [sessions, age, usage, limit, inFlight, queued, expiry];

  const set = (status: OrgStatus) => {
    const { name: org, users, apiUsage, certificate } = status;
    for (const state of sessionStates) {
      sessions.set({ org, state }, users.filter((user) => user.state === state).length);
    }
    for (const { username, ageMs } of users) {
      if (ageMs !== undefined) age.set({ org, username }, ageMs / 1000);
    }
    if (apiUsage) {
      usage.set({ org }, apiUsage.used);
      limit.set({ org }, apiUsage.limit);
    }
    if (certificate) expiry.set({ org }, certificate.leftMs / 1000);
    inFlight.set({ org }, status.inFlight);
    queued.set({ org }, status.queued);
  };
  return (orgs) => {
    // An org that a reload removed must not go on being told.
    for (const one of all) one.reset();
    for (const status of orgs) set(status);
  };
}

/** `none`: the client left before there was an answer. */
function statusLabel(status: number): string {
  if (status === 0) return 'none';
  return status >= 100 && status <= 599 ? String(status) : 'other';
}

/** `refused`: the new session was refused as well. */
function replayResult({ error, status }: RequestEvent): string {
  if (error || status === 0) return 'failed';
  return status === 401 ? 'refused' : 'ok';
}

/** Refused by the proxy's own judgement, and not for want of Salesforce. */
function isDenial({ code, status }: NonNullable<RequestEvent['error']>): boolean {
  return status < 500 || code === 'overloaded' || code === 'shutting_down';
}
