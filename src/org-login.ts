// How the proxy logs in to one configured org: its key, its token endpoint, and what is told about it.
import type { OrgConfig, UpstreamConfig } from './config/schema.ts';
import { type Agents, agentsFor } from './connections/agents.ts';
import type { Authorities } from './connections/authorities.ts';
import { createOpenSocket } from './connections/upstream-socket.ts';
import type { Emit } from './events.ts';
import {
  assertCertificateFits,
  type Certificate,
  certificateStanding,
  loadCertificate,
} from './salesforce/certificate.ts';
import { loadPrivateKey } from './salesforce/private-key.ts';
import { login } from './session/login.ts';
import type { Session } from './session/session.ts';

/** What a login needs. */
export interface LoginSetup {
  readonly config: OrgConfig;
  readonly upstream: UpstreamConfig;
  /** Undefined: those that Node trusts. */
  readonly authorities: Authorities | undefined;
  readonly emit: Emit;
  readonly now: () => number;
}

/**
 * One login, as a request would cause it; nothing of it is kept.
 * @throws ProxyError `config_invalid`, `login_*` or `instance_forbidden`
 */
export async function tryLogin(username: string, options: LoginSetup): Promise<Session> {
  checkKeys(options);
  const agents = createLoginAgents(options);
  try {
    return await logIn(username, agents, options);
  } finally {
    agents.destroy();
  }
}

export async function logIn(
  username: string,
  agents: Agents,
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
    agent: agents.agent(new URL(config.tokenUrl).protocol),
    now,
    onRetry: (attempt, why) => emit({ type: 'login_retry', org, username, attempt, why }),
  });
  const instance = session.instance.origin;
  emit({ type: 'logged_in', org, username, instance, durationMs: now() - startedAtMs });
  return session;
}

export function createLoginAgents(options: LoginSetup): Agents {
  // The operator named the token endpoint, so its address is not judged.
  return agentsFor(createOpenSocket({ ...socketOptions(options), mustBePublic: () => false }));
}

export function socketOptions({ upstream, authorities }: LoginSetup) {
  return {
    connectTimeoutMs: upstream.connectTimeoutMs,
    authorities,
    proxy: upstream.proxy?.reveal(),
  };
}

export function keySource(config: OrgConfig) {
  return {
    privateKey: config.privateKey,
    privateKeyFile: config.privateKeyFile,
    passphrase: config.privateKeyPassphrase,
  };
}

/** What is wrong with a key or its certificate is told at start, and not by the first request. */
export function checkKeys({ config, emit, now }: LoginSetup): Certificate | undefined {
  const key = loadPrivateKey(keySource(config));
  if (config.certificateFile === undefined) return undefined;
  const certificate = loadCertificate(config.certificateFile);
  assertCertificateFits(certificate, key);
  emit({
    type: 'certificate',
    org: config.name,
    ...certificateStanding(certificate.validToMs, now()),
    validTo: new Date(certificate.validToMs).toISOString().slice(0, 10),
  });
  return certificate;
}
