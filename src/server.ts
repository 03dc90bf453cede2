// The composition root: from a Config to a running proxy that can be drained and reloaded. The only place where things with a
// lifetime are made.
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { isLoopbackAddress, type ListenAddress } from './config/listen-address.ts';
import type { Config } from './config/schema.ts';
import { type Authorities, trustAlso } from './connections/authorities.ts';
import { ProxyError } from './errors.ts';
import { type Emit, fanOut } from './events.ts';
import { StreamLane } from './forward/stream-lane.ts';
import {
  checkTls,
  createHttpServer,
  type Handle,
  replaceTls,
  type TlsMaterial,
} from './http-server.ts';
import { closeConnections, openListener, stopListening } from './listener.ts';
import type { ProxyBindings } from './middleware/call.ts';
import { Draining } from './middleware/draining.ts';
import { OpenCalls } from './middleware/open-calls.ts';
import { createOperations } from './operations.ts';
import type { RunningOrg } from './org.ts';
import { createProxyState, leftBehind, type ProxyState } from './proxy-state.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly emit: Emit;
  readonly now?: () => number;
}

export interface ProxyServer {
  /** Tells every sink: for what happens outside, such as a configuration that is refused. */
  readonly emit: Emit;
  /** Tells them what has happened up to now: requests are told a little later than they end. */
  readonly flush: () => void;
  /** Resolves with the address that clients use, such as `http://127.0.0.1:8080`. */
  listen(): Promise<string>;
  /**
   * Takes a new configuration over as a whole, without disturbing requests in flight; orgs that did not change keep their
   * sessions. Listen addresses stay as they are: the event says so.
   * @throws ProxyError `config_invalid`; then everything is as it was
   */
  reload(config: Config): void;
  /** Ends: at once, or after requests in flight have had `graceMs` to finish. Resolves with whether all did. */
  close(graceMs?: number): Promise<boolean>;
}

/** How long the connections of answered requests may take to close by themselves. */
const lingerMs = 500;

interface Listener {
  readonly server: Server;
  readonly address: ListenAddress;
}

/** @throws ProxyError `config_invalid` for a key, certificate or authority that cannot be used */
export function createProxyServer({
  config,
  emit: log,
  now = Date.now,
}: ServerOptions): ProxyServer {
  const operations = createOperations({
    config,
    current: () => state,
    emit: log,
    flush: () => flush(),
    now,
  });
  const { emit, flush } = fanOut([log, ...operations.sinks]);
  const openCalls = new OpenCalls();
  const draining = new Draining(openCalls);
  const shared = { streamLane: new StreamLane(), openCalls, draining, emit, now };
  const tls = readTls(config);
  let state = createProxyState({ ...shared, config, authorities: readAuthorities(config) });
  const listeners = addressesOf(config).map(({ orgName, address }): Listener => {
    return {
      server: createHttpServer(
        handlerOf(() => state, orgName, address),
        tls,
      ),
      address,
    };
  });

  const open = async ({ server, address }: Listener) => {
    const opened = await openListener(server, address, tls ? 'https' : 'http');
    emit({ type: 'listening', address: opened });
    if (isOpenToAll(config, address)) emit({ type: 'open_to_network', address: opened });
    return opened;
  };
  const close = async (graceMs = 0) => {
    operations.setDraining();
    draining.begin();
    for (const { server } of listeners) stopListening(server);
    const isClean = await openCalls.empty(graceMs);
    await Promise.all(
      listeners.map(({ server }) => closeConnections(server, graceMs > 0 ? lingerMs : 0)),
    );
    // What was cut ends as that, and is told.
    await openCalls.empty(lingerMs);
    for (const org of state.orgs.values()) org.destroy();
    await operations.close();
    flush();
    return isClean;
  };
  return {
    emit,
    flush,
    listen: async () => {
      try {
        await operations.open();
        const [first = ''] = await Promise.all(listeners.map(open));
        operations.setStarted();
        for (const org of state.orgs.values()) void org.warmUp();
        return first;
      } catch (error) {
        await close();
        throw error;
      }
    },
    reload: (next) => {
      const nextTls = readTls(next);
      const before = state;
      state = createProxyState(
        { ...shared, config: next, authorities: readAuthorities(next) },
        before,
      );
      if (nextTls) for (const { server } of listeners) replaceTls(server, nextTls);
      for (const org of state.orgs.values()) {
        if (before.orgs.get(org.name)?.connectionKey !== org.connectionKey) void org.warmUp();
      }
      for (const org of leftBehind(before, state)) void retire(org);
      emit({ type: 'reloaded', needsRestart: needsRestart(config, next) });
    },
    close,
  };
}

/** The data listener, and one for each org that has its own. */
function addressesOf(config: Config): { orgName: string | undefined; address: ListenAddress }[] {
  const own = Object.values(config.orgs).flatMap(({ name, listen }) =>
    listen ? [{ orgName: name, address: listen }] : [],
  );
  return [{ orgName: undefined, address: config.listen }, ...own];
}

/**
 * Nothing is routed by a URL, so one request stands for all to Hono; what really came is in its bindings. Hono reads no more of
 * it than this, and a real Request would print its URL anew for each.
 */
const anyRequest = { method: 'GET', url: 'http://localhost/' } as Request;

/** Each request is answered by the state that is current when it begins, to its end. */
function handlerOf(
  current: () => ProxyState,
  orgName: string | undefined,
  address: ListenAddress,
): Handle {
  const isUnixSocket = address.kind === 'unix';
  return ({ incoming, outgoing }) => {
    const { app, orgs } = current();
    const listenerOrg = orgName === undefined ? undefined : orgs.get(orgName);
    const bindings: ProxyBindings = { incoming, outgoing, listenerOrg, isUnixSocket };
    return app.fetch(anyRequest, bindings);
  };
}

/** Requests in flight to an org that is gone, or has another key now, end as they began. */
async function retire(org: RunningOrg): Promise<void> {
  await org.queue.idle();
  org.destroy();
}

function needsRestart(running: Config, next: Config): string[] {
  const before = new Map(addressesOf(running).map((a) => [a.orgName, JSON.stringify(a.address)]));
  const after = new Map(addressesOf(next).map((a) => [a.orgName, JSON.stringify(a.address)]));
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.filter((name) => before.get(name) !== after.get(name));
  return [
    ...changed.map((name) => (name === undefined ? 'listen' : `orgs.${name}.listen`)),
    ...(JSON.stringify(running.admin) === JSON.stringify(next.admin) ? [] : ['admin']),
    ...((running.tls === undefined) === (next.tls === undefined) ? [] : ['tls']),
    // Node asks for client certificates from the start of a listener, or never.
    ...(!running.tls?.clientCaFile === !next.tls?.clientCaFile ? [] : ['tls.client_ca_file']),
    ...(running.log.format === next.log.format ? [] : ['log.format']),
  ];
}

/** Anybody who reaches the machine may use the org: nothing but `anonymous: loopback` stands before it. */
function isOpenToAll({ access, clients, tls }: Config, address: ListenAddress): boolean {
  if (address.kind === 'unix' || isLoopbackAddress(address.host)) return false;
  return access.anonymous === 'always' || (clients.length === 0 && !tls?.clientCaFile);
}

/** @throws ProxyError `config_invalid` */
export function readAuthorities({ upstream: { caFile } }: Config): Authorities | undefined {
  if (caFile === undefined) return undefined;
  const pem = read(caFile, 'upstream.ca_file').toString();
  try {
    return trustAlso(pem);
  } catch (error) {
    const text = `upstream.ca_file (${caFile}) cannot be used: ${(error as Error).message}`;
    throw new ProxyError('config_invalid', text, { cause: error });
  }
}

function readTls({ tls }: Config): TlsMaterial | undefined {
  if (!tls) return undefined;
  const material = {
    cert: read(tls.certFile, 'tls.cert_file'),
    key: read(tls.keyFile, 'tls.key_file'),
    clientCa:
      tls.clientCaFile === undefined ? undefined : read(tls.clientCaFile, 'tls.client_ca_file'),
  };
  checkTls(material);
  return material;
}

function read(file: string, key: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { message } = error as Error;
    throw new ProxyError('config_invalid', `${key} cannot be read: ${message}`, { cause: error });
  }
}
