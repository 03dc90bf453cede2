// The composition root: from a Config to a running proxy. The only place where things with a lifetime are made.
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Hono } from 'hono';
import { type AppOptions, createApp } from './app.ts';
import { isLoopbackAddress, type ListenAddress } from './config/listen-address.ts';
import type { Config } from './config/schema.ts';
import { ProxyError } from './errors.ts';
import type { Emit } from './events.ts';
import { StreamLane } from './forward/stream-lane.ts';
import { createHttpServer, type Fetch, type TlsMaterial } from './http-server.ts';
import { RateLimiter } from './limits/rate-limiter.ts';
import { closeListener, openListener } from './listener.ts';
import type { Client, Org, ProxyEnv } from './middleware/proxy-env.ts';
import { createOrg, type RunningOrg } from './org.ts';
import { compilePolicy, type Policy } from './policy/policy.ts';
import { presets } from './policy/presets.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly emit: Emit;
  readonly now?: () => number;
}

export interface ProxyServer {
  /** Resolves with the address that clients use, such as `http://127.0.0.1:8080`. */
  listen(): Promise<string>;
  /** Ends every connection. */
  close(): Promise<void>;
}

interface Listener {
  readonly server: Server;
  readonly address: ListenAddress;
}

/** @throws ProxyError `config_invalid` for a key, certificate or authority that cannot be used */
export function createProxyServer(options: ServerOptions): ProxyServer {
  const { config, emit } = options;
  const orgs = createOrgs(options);
  const app = createApp(appOptions(options, orgs));
  const tls = readTls(config);
  const listeners: Listener[] = [
    { server: createHttpServer(fetchFor(app, undefined), tls), address: config.listen },
  ];
  for (const org of orgs.values()) {
    const address = config.orgs[org.name]?.listen;
    if (address) listeners.push({ server: createHttpServer(fetchFor(app, org), tls), address });
  }
  const close = async () => {
    await Promise.all(listeners.map(({ server }) => closeListener(server)));
    await Promise.all([...orgs.values()].map((org) => org.destroy()));
  };
  const open = async ({ server, address }: Listener) => {
    const opened = await openListener(server, address, tls ? 'https' : 'http');
    emit({ type: 'listening', address: opened });
    if (isOpenToAll(config, address)) emit({ type: 'open_to_network', address: opened });
    return opened;
  };
  return {
    listen: async () => {
      try {
        const [first = ''] = await Promise.all(listeners.map(open));
        for (const org of orgs.values()) void org.warmUp();
        return first;
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}

function createOrgs({ config, emit, now = Date.now }: ServerOptions): Map<string, RunningOrg> {
  const streamLane = new StreamLane();
  const extraCa = readExtraCa(config);
  const { upstream } = config;
  return new Map(
    Object.values(config.orgs).map((org) => [
      org.name,
      createOrg({
        config: org,
        policy: policyOf(config, org.policy),
        limits: config.limits,
        upstream,
        extraCa,
        streamLane,
        emit,
        now,
      }),
    ]),
  );
}

function appOptions(
  { config, emit, now = Date.now }: ServerOptions,
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
        policy: client.policy === undefined ? undefined : policyOf(config, client.policy),
      }),
    ),
    anonymous: config.access.anonymous,
    allowedHosts: config.access.allowedHosts,
    allowedOrigins: config.access.allowedOrigins,
    byHost: new Map(byHost),
    defaultOrg: orgOf(config.defaultOrg),
    replayBodyLimitBytes: config.upstream.replayBodyLimitBytes,
    emit,
    now,
  };
}

/** The configuration knows the names of the presets and of its own policies, and no others. */
function policyOf(config: Config, name: string): Policy {
  const rules = config.policies[name] ?? presets[name as keyof typeof presets];
  return compilePolicy({ name, ...rules });
}

function fetchFor(app: Hono<ProxyEnv>, listenerOrg: Org | undefined): Fetch {
  return (request, env) => app.fetch(request, { ...env, listenerOrg } as ProxyEnv['Bindings']);
}

/** Anybody who reaches the machine may use the org: nothing but `anonymous: loopback` stands before it. */
function isOpenToAll({ access, clients, tls }: Config, address: ListenAddress): boolean {
  if (address.kind === 'unix' || isLoopbackAddress(address.host)) return false;
  return access.anonymous === 'always' || (clients.length === 0 && !tls?.clientCaFile);
}

/** @throws ProxyError `config_invalid` */
export function readExtraCa({ upstream: { caFile } }: Config): string | undefined {
  return caFile === undefined ? undefined : read(caFile, 'upstream.ca_file').toString();
}

function readTls({ tls }: Config): TlsMaterial | undefined {
  if (!tls) return undefined;
  return {
    cert: read(tls.certFile, 'tls.cert_file'),
    key: read(tls.keyFile, 'tls.key_file'),
    clientCa:
      tls.clientCaFile === undefined ? undefined : read(tls.clientCaFile, 'tls.client_ca_file'),
  };
}

function read(file: string, key: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { message } = error as Error;
    throw new ProxyError('config_invalid', `${key} cannot be read: ${message}`, { cause: error });
  }
}
