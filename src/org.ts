// One configured org, put together: its connections, its limits, and the session of each Salesforce user that is acted as.
import { fingerprint } from './config/fingerprint.ts';
import type { LimitsConfig } from './config/schema.ts';
import type { Agents } from './connections/agents.ts';
import { Upstream } from './connections/upstream.ts';
import { createOpenSocket } from './connections/upstream-socket.ts';
import type { ProxyError } from './errors.ts';
import type { Destination } from './forward/client-call.ts';
import type { StreamLane } from './forward/stream-lane.ts';
import { ApiBudget } from './limits/api-budget.ts';
import { FairQueue } from './limits/fair-queue.ts';
import type { Org } from './middleware/org-and-client.ts';
import {
  checkKeys,
  createLoginAgents,
  keySource,
  type LoginSetup,
  logIn,
  socketOptions,
} from './org-login.ts';
import type { Policy } from './policy/policy.ts';
import type { ApiUsage } from './salesforce/api-usage.ts';
import {
  type Certificate,
  type CertificateStanding,
  certificateStanding,
} from './salesforce/certificate.ts';
import { privateKeyFingerprint } from './salesforce/private-key.ts';
import { SessionManager, type SessionState } from './session/session-manager.ts';

export interface OrgOptions extends LoginSetup {
  readonly policy: Policy;
  readonly limits: LimitsConfig;
  readonly streamLane: StreamLane;
}

export interface RunningOrg extends Org {
  /** Says all that its sessions and connections depend on: orgs in which it is the same may share them. */
  readonly connectionKey: string;
  readonly certificate: Certificate | undefined;
  /** Each Salesforce user that it was used as, its own first. */
  users(): UserStatus[];
  /** Drops every session and remembered failure, and logs in anew. Never fails: `users` tells how it went. */
  logInAgain(): Promise<void>;
  /** Logs in as the org's own user, so that the first request is fast and a mistake is seen at once. */
  warmUp(): Promise<void>;
  /** Ends its connections at once. */
  destroy(): void;
}

/** The session of one Salesforce user. */
export interface UserStatus {
  readonly username: string;
  readonly state: SessionState;
  /** Where its requests go. */
  readonly instance: string | undefined;
  readonly ageMs: number | undefined;
  /** When the last login ended, well or not. */
  readonly lastLoginAtMs: number | undefined;
  /** Why it failed, if it did. */
  readonly error: ProxyError | undefined;
}

/** What an operator is told about an org. */
export interface OrgStatus {
  readonly name: string;
  readonly users: readonly UserStatus[];
  readonly inFlight: number;
  readonly queued: number;
  /** Of the last 24 hours; undefined until Salesforce has said. */
  readonly apiUsage: ApiUsage | undefined;
  /** From which percentage of its limit on requests are refused; 0: never. */
  readonly apiUsageStopPercent: number;
  readonly certificate: CertificateStatus | undefined;
}

export interface CertificateStatus extends CertificateStanding {
  readonly validToMs: number;
  /** Negative: since it expired. */
  readonly leftMs: number;
}

export function orgStatus(org: RunningOrg, nowMs: number): OrgStatus {
  const validToMs = org.certificate?.validToMs;
  return {
    name: org.name,
    users: org.users(),
    inFlight: org.queue.inFlight,
    queued: org.queue.queued,
    apiUsage: org.budget.usage,
    apiUsageStopPercent: org.budget.stopPercent,
    certificate:
      validToMs === undefined
        ? undefined
        : { validToMs, leftMs: validToMs - nowMs, ...certificateStanding(validToMs, nowMs) },
  };
}

/**
 * @param previous the org of this name before a reload: if only what its clients may do has changed, sessions and connections
 * are kept
 * @throws ProxyError `config_invalid` for a key or certificate that cannot be used
 */
export function createOrg(options: OrgOptions, previous?: RunningOrg): RunningOrg {
  const certificate = checkKeys(options);
  const connectionKey = connectionKeyOf(options);
  if (previous?.connectionKey === connectionKey) {
    return { ...previous, policy: options.policy, certificate };
  }
  const { config, upstream, streamLane } = options;
  const connections = new Upstream({
    openSocket: createOpenSocket({
      ...socketOptions(options),
      mustBePublic: (host) => !(config.instanceHosts ?? []).includes(host),
    }),
    maxConnections: upstream.maxConnections,
    connectTimeoutMs: upstream.connectTimeoutMs,
    responseTimeoutMs: upstream.responseTimeoutMs,
  });
  const loginAgents = createLoginAgents(options);
  const { concurrency, queueTimeoutMs, apiUsageStopPercent } = options.limits;
  const queue = new FairQueue(concurrency, queueTimeoutMs);
  const budget = new ApiBudget(apiUsageStopPercent, options.now);
  const destinations = new Map<string, Destination>();

  function destinationAs(username: string): Destination {
    const known = destinations.get(username);
    if (known) return known;
    const created: Destination = {
      sessions: createSessionManager(username, loginAgents, options),
      upstream: connections,
      streamLane,
      budget,
      responseTimeoutMs: upstream.responseTimeoutMs,
    };
    destinations.set(username, created);
    return created;
  }

  // So that it comes first, and is told before it is used.
  const destination = destinationAs(config.username);
  return {
    name: config.name,
    connectionKey,
    certificate,
    policy: options.policy,
    queue,
    budget,
    destination,
    destinationAs,
    users: () =>
      [...destinations].map(([username, { sessions }]) => userStatus(username, sessions, options)),
    logInAgain: async () => {
      const all = [...destinations.values()].map(({ sessions }) => sessions);
      for (const sessions of all) sessions.reset();
      await Promise.allSettled(all.map((sessions) => sessions.acquire()));
    },
    warmUp: async () => {
      // A failure is an event already, and the next request meets it from memory.
      await destination.sessions.acquire().catch(() => {});
    },
    destroy: () => {
      connections.destroy();
      loginAgents.destroy();
    },
  };
}

function userStatus(username: string, sessions: SessionManager, { now }: LoginSetup): UserStatus {
  const { current, state, lastLoginAtMs, lastFailure } = sessions;
  return {
    username,
    state,
    instance: current?.instance.origin,
    ageMs: current && now() - current.issuedAtMs,
    lastLoginAtMs,
    error: lastFailure,
  };
}

/** Not what says who may use the org: that changes without a new login. */
function connectionKeyOf({ config, upstream, authorities }: LoginSetup): string {
  const { policy: _policy, hosts: _hosts, listen: _listen, ...connection } = config;
  return fingerprint([connection, upstream, authorities?.pem]);
}

function createSessionManager(
  username: string,
  agents: Agents,
  options: LoginSetup,
): SessionManager {
  const { config, upstream, emit, now } = options;
  return new SessionManager({
    credentialsVersion: () => privateKeyFingerprint(keySource(config)),
    loginTimeoutMs: upstream.loginTimeoutMs,
    now,
    onEvent: (event) => emit({ ...event, org: config.name, username }),
    login: () => logIn(username, agents, options),
  });
}
