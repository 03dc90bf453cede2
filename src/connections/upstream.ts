// The connections of one org: pools for the replay lane, Node's agents for the stream lane, both opened by the same code.
// Together they never exceed `max_connections`.
import type http from 'node:http';
import { type Agents, agentsFor } from './agents.ts';
import { ConnectionBudget } from './connection-budget.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Slots } from './slots.ts';
import type { OpenSocket } from './upstream-socket.ts';

export interface UpstreamOptions {
  readonly openSocket: OpenSocket;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
}

export class Upstream {
  /** Of the instance that was asked for last, which is nearly always the only one. */
  #latest: ConnectionPool | undefined;
  /** In the order in which they were met, each until its last connection has ended. */
  #pools: ConnectionPool[] = [];
  readonly #budget: ConnectionBudget;
  readonly #maxReplayConnections: number;
  readonly #responseTimeoutMs: number;
  readonly #agents: Agents;
  /** One for each request that the stream lane has under way: Node's agent miscounts connections that open later. */
  readonly streamSlots: Slots;

  constructor(options: UpstreamOptions) {
    const { maxConnections, responseTimeoutMs } = options;
    // A quarter for uploads; the rest for the many small requests.
    const streams = Math.max(1, Math.floor(maxConnections / 4));
    this.#maxReplayConnections = maxConnections - streams;
    this.#responseTimeoutMs = responseTimeoutMs;
    this.#budget = new ConnectionBudget({ ...options, onShort: () => this.#closeIdle() });
    this.streamSlots = new Slots(streams);
    this.#agents = agentsFor(this.#budget.openSocket);
  }

  /** The connections to one instance: an org has one, and another after it has moved. */
  replayLane(origin: string): ConnectionPool {
    if (this.#latest?.origin !== origin) {
      this.#latest = this.#pools.find((pool) => pool.origin === origin) ?? this.#createPool(origin);
    }
    return this.#latest;
  }

  #createPool(origin: string): ConnectionPool {
    const pool = new ConnectionPool(origin, {
      budget: this.#budget,
      maxConnections: this.#maxReplayConnections,
      responseTimeoutMs: this.#responseTimeoutMs,
      // Of an instance that the org has left: nothing is to grow with every move.
      onEmpty: () => {
        this.#pools = this.#pools.filter((other) => other !== pool);
        if (this.#latest === pool) this.#latest = undefined;
      },
    });
    this.#pools.push(pool);
    return pool;
  }

  /** One, of the instance that was met first: the org has left it, if it has more than one. */
  #closeIdle(): void {
    for (const pool of this.#pools) if (pool.closeIdle()) return;
  }

  streamAgent(protocol: string): http.Agent {
    return this.#agents.agent(protocol);
  }

  /** Ends all connections at once. */
  destroy(): void {
    this.#agents.destroy();
    for (const pool of this.#pools) pool.destroy();
  }
}
