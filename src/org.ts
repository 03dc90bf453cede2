// One configured org, put together: its connections, its key, and the session of each Salesforce user that is acted as.
import { Agent, type Dispatcher } from 'undici';
import type { LimitsConfig, OrgConfig, UpstreamConfig } from './config/schema.ts';
import type { Emit } from './events.ts';
import type { Destination } from './forward/client-call.ts';
import type { StreamLane } from './forward/stream-lane.ts';
import { Upstream } from './forward/upstream.ts';
import { createOpenSocket } from './forward/upstream-socket.ts';
import { ApiBudget } from './limits/api-budget.ts';
import { FairQueue } from './limits/fair-queue.ts';
import type { Org } from './middleware/proxy-env.ts';
import type { Policy } from './policy/policy.ts';
import {
  assertCertificateFits,
  certificateStanding,
  loadCertificate,
} from './salesforce/certificate.ts';
import { loadPrivateKey, privateKeyFingerprint } from './salesforce/private-key.ts';
import { login } from './session/login.ts';
import type { Session } from './session/session.ts';
import { SessionManager } from './session/session-manager.ts';

/** What a login needs. */
export interface LoginSetup {
  readonly config: OrgConfig;
  readonly upstream: UpstreamConfig;
  /** Extra certificate authorities (PEM). */
  readonly extraCa: string | undefined;
  readonly emit: Emit;
  readonly now: () => number;
}

export interface OrgOptions extends LoginSetup {
  readonly policy: Policy;
  readonly limits: LimitsConfig;
  readonly streamLane: StreamLane;
}

export interface RunningOrg extends Org {
  /** Logs in as the org's own user, so that the first request is fast and a mistake is seen at once. */
  warmUp(): Promise<void>;
  destroy(): Promise<void>;
}

/** @throws ProxyError `config_invalid` for a key or certificate that cannot be used */
export function createOrg(options: OrgOptions): RunningOrg {
  const { config, upstream, streamLane } = options;
  checkKeys(options);
  const connections = new Upstream({
    openSocket: createOpenSocket({
      ...socketOptions(options),
      mustBePublic: (host) => !(config.instanceHosts ?? []).includes(host),
    }),
    maxConnections: upstream.maxConnections,
    responseTimeoutMs: upstream.responseTimeoutMs,
  });
  const loginDispatcher = createLoginDispatcher(options);
  const { concurrency, queueTimeoutMs, apiUsageStopPercent } = options.limits;
  const queue = new FairQueue(concurrency, queueTimeoutMs);
  const budget = new ApiBudget(apiUsageStopPercent, options.now);
  const destinations = new Map<string, Destination>();

  function destination(username = config.username): Destination {
    const known = destinations.get(username);
    if (known) return known;
    const created: Destination = {
      sessions: createSessionManager(username, loginDispatcher, options),
      upstream: connections,
      streamLane,
      budget,
      responseTimeoutMs: upstream.responseTimeoutMs,
    };
    destinations.set(username, created);
    return created;
  }

  return {
    name: config.name,
    policy: options.policy,
    queue,
    budget,
    destination,
    warmUp: async () => {
      // A failure is an event already, and the next request meets it from memory.
      await destination()
        .sessions.acquire()
        .catch(() => {});
    },
    destroy: async () => {
      await Promise.all([connections.destroy(), loginDispatcher.destroy()]);
    },
  };
}

/**
 * One login, as a request would cause it; nothing of it is kept.
 * @throws ProxyError `config_invalid`, `login_*` or `instance_forbidden`
 */
export async function tryLogin(username: string, options: LoginSetup): Promise<Session> {
  checkKeys(options);
  const dispatcher = createLoginDispatcher(options);
  try {
    return await logIn(username, dispatcher, options);
  } finally {
    await dispatcher.destroy();
  }
}

function createSessionManager(
  username: string,
  dispatcher: Dispatcher,
  options: LoginSetup,
): SessionManager {
  const { config, upstream, emit, now } = options;
  return new SessionManager({
    credentialsVersion: () => privateKeyFingerprint(keySource(config)),
    loginTimeoutMs: upstream.loginTimeoutMs,
    now,
    onEvent: (event) => emit({ ...event, org: config.name, username }),
    login: () => logIn(username, dispatcher, options),
  });
}

async function logIn(
  username: string,
  dispatcher: Dispatcher,
  { config, upstream, emit, now }: LoginSetup,
): Promise<Session> {
  const org = config.name;
  const startedAtMs = now();
  const session = await login({
    org,
    username,
    clientId: config.clientId,
    audience: config.audience,
    tokenUrl: config.tokenUrl,
    instanceHosts: config.instanceHosts,
    timeoutMs: upstream.loginTimeoutMs,
    privateKey: () => loadPrivateKey(keySource(config)),
    dispatcher,
    now,
    onRetry: (attempt, why) => emit({ type: 'login_retry', org, username, attempt, why }),
  });
  const instance = session.instance.origin;
  emit({ type: 'logged_in', org, username, instance, durationMs: now() - startedAtMs });
  return session;
}

function createLoginDispatcher(options: LoginSetup): Dispatcher {
  const { loginTimeoutMs } = options.upstream;
  // The operator named the token endpoint, so its address is not judged.
  const openSocket = createOpenSocket({ ...socketOptions(options), mustBePublic: () => false });
  return new Agent({
    connect: (address, opened) => openSocket(address, opened),
    allowH2: false,
    headersTimeout: loginTimeoutMs,
    bodyTimeout: loginTimeoutMs,
  });
}

function socketOptions({ upstream, extraCa }: LoginSetup) {
  return {
    connectTimeoutMs: upstream.connectTimeoutMs,
    extraCa,
    proxy: upstream.proxy?.reveal(),
  };
}

function keySource(config: OrgConfig) {
  return {
    privateKey: config.privateKey,
    privateKeyFile: config.privateKeyFile,
    passphrase: config.privateKeyPassphrase,
  };
}

/** What is wrong with a key or its certificate is told at start, and not by the first request. */
function checkKeys({ config, emit, now }: LoginSetup): void {
  const key = loadPrivateKey(keySource(config));
  if (config.certificateFile === undefined) return;
  const certificate = loadCertificate(config.certificateFile);
  assertCertificateFits(certificate, key);
  emit({
    type: 'certificate',
    org: config.name,
    ...certificateStanding(certificate.validToMs, now()),
    validTo: new Date(certificate.validToMs).toISOString().slice(0, 10),
  });
}
