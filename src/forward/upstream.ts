// The connections of one org: undici's pool for the replay lane, Node's agents for the stream lane, both opened by the same
// code. Together they never exceed `max_connections`.
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { Agent, Client, type Dispatcher, Pool } from 'undici';
import { connectionBudget } from './connection-budget.ts';
import { Slots } from './slots.ts';
import type { OpenSocket } from './upstream-socket.ts';

/** Told to a request whose connection has served others before: it may have been closed under us. */
export interface ReuseAware {
  onReusedConnection(): void;
}

export interface UpstreamOptions {
  readonly openSocket: OpenSocket;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

/** Salesforce refuses requests over 16 KiB; its answers hold more (cookies, policies). */
export const maxResponseHeadBytes = 64 * 1024;

export class Upstream {
  readonly #pools = new Map<string, Pool>();
  readonly #poolOptions: Pool.Options;
  /** As those of `replayLane`, but each request on a connection of its own: for what a stale connection lost. */
  readonly newConnections: Dispatcher;
  /** One for each request that the stream lane has under way: Node's agent miscounts connections that open later. */
  readonly streamSlots: Slots;
  readonly #agents: { readonly 'http:': http.Agent; readonly 'https:': https.Agent };

  constructor(options: UpstreamOptions) {
    const { maxConnections } = options;
    // A quarter for uploads; the rest for the many small requests.
    const streams = Math.max(1, Math.floor(maxConnections / 4));
    const openSocket = connectionBudget(options);
    const poolOptions: Pool.Options = {
      connect: (address, opened) =>
        openSocket(address, (...outcome) => {
          outcome[1]?.on('error', resetIsNoEnd);
          opened(...outcome);
        }),
      allowH2: false,
      connections: maxConnections - streams,
      headersTimeout: options.responseTimeoutMs,
      bodyTimeout: options.responseTimeoutMs,
      maxHeaderSize: maxResponseHeadBytes,
    };
    this.#poolOptions = {
      ...poolOptions,
      factory: (origin, client) => new ReuseAwareClient(origin, client),
    };
    this.newConnections = new Agent({ ...poolOptions, pipelining: 0 });
    this.streamSlots = new Slots(streams);
    // Not kept alive: an upload cannot be sent again if it meets a connection that was closed under us.
    this.#agents = {
      'http:': withOpenSocket(new http.Agent({ keepAlive: false }), openSocket, 'http:'),
      'https:': withOpenSocket(new https.Agent({ keepAlive: false }), openSocket, 'https:'),
    };
  }

  /** The connections to one instance: an org has one, and another after it has moved. */
  replayLane(origin: string): Dispatcher {
    const known = this.#pools.get(origin);
    if (known) return known;
    const pool = new Pool(origin, this.#poolOptions);
    this.#pools.set(origin, pool);
    // Of an instance that the org has left: nothing is to grow with every move.
    pool.on('disconnect', () => {
      const { connected, size } = pool.stats;
      if (connected === 0 && size === 0) this.#pools.delete(origin);
    });
    return pool;
  }

  streamAgent(protocol: string): http.Agent {
    return protocol === 'http:' ? this.#agents['http:'] : this.#agents['https:'];
  }

  /** Ends all connections at once. */
  async destroy(): Promise<void> {
    for (const agent of Object.values(this.#agents)) agent.destroy();
    const pools = [...this.#pools.values(), this.newConnections];
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}

/**
 * undici takes a reset for the end of a body that lasts until the connection ends, and for the failure of requests that wait
 * for an idle connection and were never sent; under its own code it does neither.
 */
function resetIsNoEnd(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
}

class ReuseAwareClient extends Client {
  #isConnected = false;

  constructor(...options: ConstructorParameters<typeof Client>) {
    super(...options);
    this.on('connect', () => {
      this.#isConnected = true;
    });
    this.on('disconnect', () => {
      this.#isConnected = false;
    });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler & Partial<ReuseAware>,
  ): boolean {
    // It connects only for a request, and has one at a time: a connection that stands already has been idle.
    if (this.#isConnected) handler.onReusedConnection?.();
    return super.dispatch(options, handler);
  }
}

function withOpenSocket<A extends http.Agent>(
  agent: A,
  openSocket: OpenSocket,
  protocol: string,
): A {
  agent.createConnection = (options, opened) => {
    const { host, port } = options as { host?: string; port?: string | number };
    const defaultPort = protocol === 'http:' ? 80 : 443;
    openSocket(
      {
        protocol,
        hostname: host ?? 'localhost',
        port: Number(port) === defaultPort ? '' : String(port ?? ''),
      },
      (error, socket) => {
        if (error) opened?.(error, undefined as unknown as Socket);
        else opened?.(null, socket);
      },
    );
    return undefined;
  };
  return agent;
}
