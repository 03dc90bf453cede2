// One configured org, put together: its connections, its key, and the session of each Salesforce user that is acted as.
import { Agent, type Dispatcher } from 'undici';
import type { OrgConfig, UpstreamConfig } from './config/schema.ts';
import type { Emit } from './events.ts';
import type { Destination } from './forward/client-call.ts';
import type { StreamLane } from './forward/stream-lane.ts';
import { Upstream } from './forward/upstream.ts';
import { createOpenSocket } from './forward/upstream-socket.ts';
import type { Org } from './middleware/proxy-env.ts';
import {
  assertCertificateFits,
  certificateStanding,
  loadCertificate,
} from './salesforce/certificate.ts';
import { loadPrivateKey, privateKeyFingerprint } from './salesforce/private-key.ts';
import { login } from './session/login.ts';
import { LoginBackoff } from './session/login-backoff.ts';
import { SessionManager } from './session/session-manager.ts';

export interface OrgOptions {
  readonly config: OrgConfig;
  readonly upstream: UpstreamConfig;
  /** Extra certificate authorities (PEM). */
  readonly extraCa: string | undefined;
  readonly streamLane: StreamLane;
  readonly emit: Emit;
  readonly now: () => number;
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
  const socketOptions = {
    connectTimeoutMs: upstream.connectTimeoutMs,
    extraCa: options.extraCa,
    proxy: upstream.proxy?.reveal(),
  };
  const connections = new Upstream({
    openSocket: createOpenSocket({
      ...socketOptions,
      mustBePublic: (host) => !(config.instanceHosts ?? []).includes(host),
    }),
    maxConnections: upstream.maxConnections,
    responseTimeoutMs: upstream.responseTimeoutMs,
  });
  // The operator named the token endpoint, so its address is not judged.
  const openLoginSocket = createOpenSocket({ ...socketOptions, mustBePublic: () => false });
  const loginDispatcher = new Agent({
    connect: (address, opened) => openLoginSocket(address, opened),
    allowH2: false,
    headersTimeout: upstream.loginTimeoutMs,
    bodyTimeout: upstream.loginTimeoutMs,
  });
  const destinations = new Map<string, Destination>();

  function destination(username = config.username): Destination {
    const known = destinations.get(username);
    if (known) return known;
    const created: Destination = {
      sessions: createSessionManager(username, loginDispatcher, options),
      upstream: connections,
      streamLane,
      responseTimeoutMs: upstream.responseTimeoutMs,
    };
    destinations.set(username, created);
    return created;
  }

  return {
    name: config.name,
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

function createSessionManager(
  username: string,
  dispatcher: Dispatcher,
  { config, upstream, emit, now }: OrgOptions,
): SessionManager {
  const org = config.name;
  return new SessionManager({
    backoff: new LoginBackoff(),
    credentialsVersion: () => privateKeyFingerprint(keySource(config)),
    loginTimeoutMs: upstream.loginTimeoutMs,
    now,
    onEvent: (event) => emit({ ...event, org, username }),
    login: async () => {
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
    },
  });
}

function keySource(config: OrgConfig) {
  return {
    privateKey: config.privateKey,
    privateKeyFile: config.privateKeyFile,
    passphrase: config.privateKeyPassphrase,
  };
}

/** What is wrong with a key or its certificate is told at start, and not by the first request. */
function checkKeys({ config, emit, now }: OrgOptions): void {
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
