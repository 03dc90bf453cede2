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
  /** Requests of this turn, before its end. */
  #toPlace = 0;
  readonly #waiting: Exchange[] = [];
  #opening = 0;
  /** Those of them that are for the line, and not for one request. */
  #openingForLine = 0;
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

  /** Closes the one that has been idle for the longest time. @returns whether there is any */
  closeIdle(): boolean {
    for (let oldest = this.#idle.shift(); oldest; oldest = this.#idle.shift()) {
      if (!oldest.isUsable) continue;
      oldest.close();
      return true;
    }
    return false;
  }

  /** Ends all connections at once, with what goes over them. */
  destroy(): void {
    const error = new Error('the proxy ends its connections');
    this.#destroyed = error;
    for (const connection of this.#connections) connection.abort(error);
    for (const exchange of this.#waiting.splice(0)) exchange.onError(error);
  }

  /** Nearly always an idle connection is there. */
  #place(exchange: Exchange): void {
    this.#toPlace -= 1;
    if (this.#destroyed) {
      exchange.onError(this.#destroyed);
      return;
    }
    const isNext = this.#waiting.length === 0 && !exchange.isOver;
    const connection = isNext ? this.#takeIdle(exchange) : undefined;
    if (connection) {
      connection.send(exchange);
      return;
    }
    this.#waiting.push(exchange);
    this.#assign();
  }

  #assignSoon(): void {
    if (this.#willAssign) return;
    this.#willAssign = true;
    ConnectionPool.#assignAtEndOfTurn(this);
  }

  #assign(): void {
    for (let first = this.#first(); first; first = this.#first()) {
      const connection = this.#takeIdle(first);
      if (!connection) break;
      this.#waiting.shift();
      connection.send(first);
    }
    if (this.#budget.isShort) this.closeIdle();
    const room = this.#options.maxConnections - this.#connections.size - this.#opening;
    const missing = this.#waiting.length - this.#openingForLine;
    for (let count = Math.min(room, missing); count > 0; count -= 1) this.#openForFirst();
    const wanted = this.#toPlace + this.#waiting.length;
    if (wanted + this.#opening + this.#connections.size === 0) this.#options.onEmpty();
  }

  #first(): Exchange | undefined {
    while (this.#waiting[0]?.isOver) this.#waiting.shift();
    return this.#waiting[0];
  }

  #takeIdle(exchange: Exchange): InstanceConnection | undefined {
    const nowMs = performance.now();
    for (let last = this.#idle.pop(); last; last = this.#idle.pop()) {
      const isInTime =
        nowMs < last.surelyKeptUntilMs || (nowMs < last.keptUntilMs && exchange.isRepeatable);
      if (isInTime && last.isUsable) return last;
      last.close();
    }
    return undefined;
  }

  /** Whoever is the first when it is open gets it: by then the request that it was opened for may have got another. */
  #openForFirst(): void {
    this.#openingForLine += 1;
    this.#open((error, connection) => {
      this.#openingForLine -= 1;
      const first = this.#first();
      this.#waiting.shift();
      if (error) first?.onError(error);
      else if (first) connection.send(first);
      else this.onIdle(connection);
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
      connection.close();
      return;
    }
    const nowMs = performance.now();
    connection.keptUntilMs = nowMs + ms;
    connection.surelyKeptUntilMs = nowMs + (saidNothing ? sureKeepAliveMs : ms);
    this.#idle.push(connection);
    this.#sweep ??= setTimeout(this.#closeExpired, sweepMs).unref();
    if (this.#waiting.length > 0 || this.#budget.isShort) this.#assignSoon();
  }

  onClose(connection: InstanceConnection): void {
    this.#connections.delete(connection);
    this.#assignSoon();
  }

  timeoutError(): Error {
    return responseTimeout(new URL(this.origin).host);
  }

  readonly #closeExpired = (): void => {
    const nowMs = performance.now();
    const kept = this.#idle.filter((connection) => {
      if (connection.keptUntilMs <= nowMs) connection.close();
      return connection.isUsable;
    });
    this.#idle = kept;
    this.#sweep = kept.length > 0 ? setTimeout(this.#closeExpired, sweepMs).unref() : undefined;
  };
}
