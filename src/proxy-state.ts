// From a Config to what answers requests: the orgs, their policies, the clients and the app. A reload makes another one and
// takes it over as a whole.
import type { Hono } from 'hono';
import { type AppOptions, createApp, type ProxyEnv } from './app.ts';
import type { Config } from './config/schema.ts';
import type { Authorities } from './connections/authorities.ts';
import { ProxyError } from './errors.ts';
import type { Emit } from './events.ts';
import type { StreamLane } from './forward/stream-lane.ts';
import { RateLimiter } from './limits/rate-limiter.ts';
import type { Draining } from './middleware/draining.ts';
import type { OpenCalls } from './middleware/open-calls.ts';
import type { Client, Org } from './middleware/org-and-client.ts';
import { createOrg, type RunningOrg } from './org.ts';
import { compilePolicy, type Policy } from './policy/policy.ts';
import { presets } from './policy/presets.ts';

export interface ProxyStateOptions {
  readonly config: Config;
  readonly authorities: Authorities | undefined;
  readonly streamLane: StreamLane;
  readonly openCalls: OpenCalls;
  readonly draining: Draining;
  readonly emit: Emit;
  readonly now: () => number;
}

export interface ProxyState {
  readonly config: Config;
  readonly app: Hono<ProxyEnv>;
  readonly orgs: ReadonlyMap<string, RunningOrg>;
}

/**
 * @param previous before a reload: orgs whose connection did not change are taken over from it
 * @throws ProxyError `config_invalid`; then `previous` is as it was
 */
export function createProxyState(options: ProxyStateOptions, previous?: ProxyState): ProxyState {
  const { config } = options;
  const policyNamed = policiesOf(options.config);
  const orgs = createOrgs(options, policyNamed, previous);
  const app = createApp(appOptions(options, policyNamed, orgs));
  // Nothing can fail any more: only now the orgs that are kept get their new limits.
  const { concurrency, queueTimeoutMs, apiUsageStopPercent } = config.limits;
  for (const { queue, budget } of orgs.values()) {
    queue.configure(concurrency, queueTimeoutMs);
    budget.configure(apiUsageStopPercent);
  }
  return { config, app, orgs };
}

/** The orgs of `before` that `after` did not take over. */
export function leftBehind(before: ProxyState, after: ProxyState): RunningOrg[] {
  return [...before.orgs.values()].filter(
    ({ name, connectionKey }) => after.orgs.get(name)?.connectionKey !== connectionKey,
  );
}

function createOrgs(
  { config, authorities, streamLane, emit, now }: ProxyStateOptions,
  policyNamed: PolicyNamed,
  previous: ProxyState | undefined,
): Map<string, RunningOrg> {
  const { upstream, limits } = config;
  const orgs = new Map<string, RunningOrg>();
  const problems: string[] = [];
  for (const org of Object.values(config.orgs)) {
    const policy = policyNamed(org.policy);
    const options = { config: org, policy, limits, upstream, authorities, streamLane, emit, now };
    try {
      orgs.set(org.name, createOrg(options, previous?.orgs.get(org.name)));
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      problems.push(`orgs.${org.name}: ${error.message}`);
    }
  }
  if (problems.length > 0) throw new ProxyError('config_invalid', problems.join('\n'));
  return orgs;
}

function appOptions(
  { config, openCalls, draining, emit, now }: ProxyStateOptions,
  policyNamed: PolicyNamed,
  orgs: ReadonlyMap<string, RunningOrg>,
): AppOptions {
  const orgOf = (name: string | undefined) => (name === undefined ? undefined : orgs.get(name));
  const byHost = [...orgs].flatMap(([name, org]) =>
    (config.orgs[name]?.hosts ?? []).map((host): [string, Org] => [host, org]),
  );
  return {
    clients: config.clients.map(
      (client): Client => ({
        ...client,
        org: orgOf(client.org),
        rateLimiter: client.rateLimit && new RateLimiter(client.name, client.rateLimit),
        policy: client.policy === undefined ? undefined : policyNamed(client.policy),
      }),
    ),
    anonymous: config.access.anonymous,
    allowedHosts: config.access.allowedHosts,
    allowedOrigins: config.access.allowedOrigins,
    byHost: new Map(byHost),
    defaultOrg: orgOf(config.defaultOrg),
    replayBodyLimitBytes: config.upstream.replayBodyLimitBytes,
    openCalls,
    draining,
    logsQuery: config.log.query,
    emit,
    now,
  };
}

type PolicyNamed = (name: string) => Policy;

/**
 * The configuration knows the names of the presets and of its own policies, and no others. One policy is one object: all whom
 * it binds are judged by the same rules in memory.
 */
function policiesOf(config: Config): PolicyNamed {
  const compiled = new Map<string, Policy>();
  return (name) => {
    const known = compiled.get(name);
    if (known) return known;
    const rules = config.policies[name] ?? presets[name as keyof typeof presets];
    const policy = compilePolicy({ name, ...rules });
    compiled.set(name, policy);
    return policy;
  };
}
