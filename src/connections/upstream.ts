// The connections of one org: pools for the replay lane, Node's agents for the stream lane, both opened by the same code.
// Together they never exceed `max_connections`.
import type http from 'node:http';
import { type Agents, agentsFor } from './agents.ts';
import { connectionBudget } from './connection-budget.ts';
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
  readonly #pools = new Map<string, ConnectionPool>();
  readonly #openSocket: OpenSocket;
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
    this.#openSocket = connectionBudget(options);
    this.streamSlots = new Slots(streams);
    this.#agents = agentsFor(this.#openSocket);
  }

  /** The connections to one instance: an org has one, and another after it has moved. */
  replayLane(origin: string): ConnectionPool {
    const known = this.#pools.get(origin);
    if (known) return known;
    // The org has moved: what is idle at its old instance would only take places.
    for (const left of this.#pools.values()) left.closeIdle();
    const pool = new ConnectionPool(origin, {
      openSocket: this.#openSocket,
      maxConnections: this.#maxReplayConnections,
      responseTimeoutMs: this.#responseTimeoutMs,
      // Of an instance that the org has left: nothing is to grow with every move.
      onEmpty: () => this.#pools.delete(origin),
    });
    this.#pools.set(origin, pool);
    return pool;
  }

  streamAgent(protocol: string): http.Agent {
    return this.#agents.agent(protocol);
  }

  /** Ends all connections at once. */
  destroy(): void {
    this.#agents.destroy();
    for (const pool of this.#pools.values()) pool.destroy();
  }
}
