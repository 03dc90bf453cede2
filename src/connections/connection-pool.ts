// The connections to one instance. A request gets one that is idle; where there is none, requests wait in one line for the
// next that is, or is opened for them.
import { atEndOfTurn } from '../end-of-turn.ts';
import type { ConnectionBudget } from './connection-budget.ts';
import { type ConnectionOwner, type Exchange, InstanceConnection } from './instance-connection.ts';
import { responseTimeout } from './upstream-error.ts';
import type { UpstreamAddress } from './upstream-socket.ts';

export interface ConnectionPoolOptions {
  readonly budget: Pick<ConnectionBudget, 'openSocket' | 'isShort'>;
  readonly maxConnections: number;
  readonly responseTimeoutMs: number;
  /** It has no connection any more, and none is wanted. */
  readonly onEmpty: () => void;
}

/** How long an idle connection is kept where upstream has not said how long it keeps it. */
const keepAliveMs = 15_000;
/** So long it surely is, since no usual server keeps one for less than 5 s: after that it is for what can be sent again. */
const sureKeepAliveMs = 4000;
/** So much earlier than upstream has said, so that no request meets its end. */
const keepAliveMarginMs = 1000;
const longestKeepAliveMs = 600_000;
const sweepMs = 1000;

/**
 * Requests are placed at the end of the turn: by then whatever an idle connection had to say before it (its end, or bytes that
 * nobody asked for) has been heard, and it is not used.
 */
export class ConnectionPool implements ConnectionOwner {
  static readonly #placeAtEndOfTurn = atEndOfTurn<{ pool: ConnectionPool; exchange: Exchange }>(
    ({ pool, exchange }) => pool.#place(exchange),
  );
  static readonly #assignAtEndOfTurn = atEndOfTurn<ConnectionPool>((pool) => {
    pool.#willAssign = false;
    pool.#assign();
  });

  readonly origin: string;
  readonly responseTimeoutMs: number;
  readonly #address: UpstreamAddress;
  readonly #options: ConnectionPoolOptions;
  readonly #budget: ConnectionPoolOptions['budget'];
  readonly #connections = new Set<InstanceConnection>();
  /** The one that was used last is the last one, and the next to be used. */
  #idle: InstanceConnection[] = [];
  /** They were idle, and are closed soon. */
  readonly #ending = new Set<InstanceConnection>();
  /** Requests of this turn, before its end. */
  #toPlace = 0;
  /** Those that want a connection, in the order in which they came. */
  readonly #waiting = new Set<Exchange>();
  #opening = 0;
  /** For whom connections are opened on which the line counts, whoever is first when they are open. */
  readonly #openingFor = new Set<Exchange>();
  #willAssign = false;
  #sweep: NodeJS.Timeout | undefined;
  #destroyed: Error | undefined;

  constructor(origin: string, options: ConnectionPoolOptions) {
    const { protocol, hostname, port } = new URL(origin);
    this.origin = origin;
    this.#address = { protocol, hostname, port };
    this.#options = options;
    this.#budget = options.budget;
    this.responseTimeoutMs = options.responseTimeoutMs;
  }

  /** Sends it over a connection that is free, or is opened for it, or becomes free first. */
  send(exchange: Exchange): void {
    this.#toPlace += 1;
    ConnectionPool.#placeAtEndOfTurn({ pool: this, exchange });
  }

  /** Sends it over a connection that is opened for it. */
  sendOnNewConnection(exchange: Exchange): void {
    this.#open((error, connection) => {
      if (error) exchange.onError(error);
      else if (exchange.isOver) this.onIdle(connection);
      else connection.send(exchange);
    });
  }

  /** It wants no connection any more. Nobody else counts on one that is opened for it, which may be why it has left. */
  forget(exchange: Exchange): void {
    this.#openingFor.delete(exchange);
    if (this.#waiting.delete(exchange)) this.#assignSoon();
  }

  /** Closes the one that has been idle for the longest time. @returns whether there is any */
  closeIdle(): boolean {
    for (let oldest = this.#idle.shift(); oldest; oldest = this.#idle.shift()) {
      if (!oldest.isUsable) continue;
      this.#end(oldest);
      return true;
    }
    return false;
  }

  /** Ends all connections at once, with what goes over them. */
  destroy(): void {
    const error = new Error('the proxy ends its connections');
    this.#destroyed = error;
    for (const connection of this.#connections) connection.abort(error);
    for (const exchange of this.#waiting) exchange.onError(error);
    this.#waiting.clear();
  }

  /** Nearly always an idle connection is there. */
  #place(exchange: Exchange): void {
    this.#toPlace -= 1;
    if (this.#destroyed) {
      exchange.onError(this.#destroyed);
      return;
    }
    const isNext = this.#waiting.size === 0 && !exchange.isOver;
    const connection = isNext ? this.#takeIdle(exchange) : undefined;
    if (connection) {
      connection.send(exchange);
      return;
    }
    if (!exchange.isOver) this.#waiting.add(exchange);
    this.#assign();
  }

  #assignSoon(): void {
    if (this.#willAssign) return;
    this.#willAssign = true;
    ConnectionPool.#assignAtEndOfTurn(this);
  }

  #assign(): void {
    for (const exchange of this.#waiting) {
      if (this.#idle.length === 0) break;
      const connection = this.#takeIdle(exchange);
      if (!connection) continue;
      this.#waiting.delete(exchange);
      connection.send(exchange);
    }
    if (this.#budget.isShort) this.closeIdle();
    const room = this.#options.maxConnections - this.#connections.size - this.#opening;
    const missing = this.#waiting.size - this.#openingFor.size;
    if (missing > 0 && room > 0) this.#openForLine(Math.min(missing, room));
    // Whatever is idle still is for none of the line: it makes room.
    for (let count = missing - room - this.#ending.size; count > 0; count -= 1) this.closeIdle();
    const wanted = this.#toPlace + this.#waiting.size;
    if (wanted + this.#opening + this.#connections.size === 0) this.#options.onEmpty();
  }

  /** @returns undefined: there is none, or none that is sure enough for what must not be sent again */
  #takeIdle(exchange: Exchange): InstanceConnection | undefined {
    const nowMs = performance.now();
    for (let last = this.#idle.at(-1); last; last = this.#idle.at(-1)) {
      const isThere = nowMs < last.keptUntilMs && last.isUsable;
      const isSure = nowMs < last.surelyKeptUntilMs;
      if (isThere && !isSure && !exchange.isRepeatable) return undefined;
      this.#idle.pop();
      if (isThere) return last;
      this.#end(last);
    }
    return undefined;
  }

  #openForLine(count: number): void {
    let left = count;
    for (const exchange of this.#waiting) {
      if (left === 0) return;
      if (this.#openingFor.has(exchange)) continue;
      left -= 1;
      this.#openFor(exchange);
    }
  }

  /** Whoever is the first when it is open gets it: by then the request that it was opened for may have got another. */
  #openFor(exchange: Exchange): void {
    this.#openingFor.add(exchange);
    this.#open((error, connection) => {
      this.#openingFor.delete(exchange);
      const [first] = this.#waiting;
      if (error) {
        if (this.#waiting.delete(exchange)) exchange.onError(error);
      } else if (first) {
        this.#waiting.delete(first);
        connection.send(first);
      } else this.onIdle(connection);
    });
  }

  #open(
    opened: (
      ...outcome: [error: Error, connection: null] | [error: null, connection: InstanceConnection]
    ) => void,
  ): void {
    this.#opening += 1;
    this.#budget.openSocket(this.#address, (error, socket) => {
      this.#opening -= 1;
      if (error || this.#destroyed) {
        socket?.destroy();
        opened(error ?? (this.#destroyed as Error), null);
        this.#assignSoon();
        return;
      }
      const connection = new InstanceConnection(socket, this);
      this.#connections.add(connection);
      opened(null, connection);
    });
  }

  onIdle(connection: InstanceConnection, saidMs?: number): void {
    const saidNothing = saidMs === undefined;
    const ms = saidNothing ? keepAliveMs : Math.min(saidMs - keepAliveMarginMs, longestKeepAliveMs);
    if (ms <= 0) {
      this.#end(connection);
      return;
    }
    const nowMs = performance.now();
    connection.keptUntilMs = nowMs + ms;
    // Upstream may have been idle since before a pause.
    const sureMs = connection.wasPaused ? 0 : saidNothing ? sureKeepAliveMs : ms;
    connection.surelyKeptUntilMs = nowMs + sureMs;
    this.#idle.push(connection);
    this.#sweep ??= setTimeout(this.#closeExpired, sweepMs).unref();
    if (this.#waiting.size > 0 || this.#budget.isShort) this.#assignSoon();
  }

  /** Of one that is idle. */
  #end(connection: InstanceConnection): void {
    if (this.#connections.has(connection)) this.#ending.add(connection);
    connection.close();
  }

  onClose(connection: InstanceConnection): void {
    this.#connections.delete(connection);
    this.#ending.delete(connection);
    this.#assignSoon();
  }

  timeoutError(): Error {
    return responseTimeout(new URL(this.origin).host);
  }

  readonly #closeExpired = (): void => {
    const nowMs = performance.now();
    const kept = this.#idle.filter((connection) => {
      if (connection.keptUntilMs <= nowMs) this.#end(connection);
      return connection.isUsable;
    });
    this.#idle = kept;
    this.#sweep = kept.length > 0 ? setTimeout(this.#closeExpired, sweepMs).unref() : undefined;
  };
}
