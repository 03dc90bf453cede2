// The connections to one instance. Requests wait in one line, and once in each turn of the event loop the first of them get
// what connections there are.
import { atEndOfTurn } from '../end-of-turn.ts';
import {
  type Exchange,
  InstanceConnection,
  type InstanceConnectionOptions,
} from './instance-connection.ts';
import { responseTimeout } from './upstream-error.ts';
import type { OpenSocket, UpstreamAddress } from './upstream-socket.ts';

export interface ConnectionPoolOptions {
  readonly openSocket: OpenSocket;
  readonly maxConnections: number;
  readonly responseTimeoutMs: number;
  /** Somebody waits for a connection who may not open one more. */
  readonly isShort: () => boolean;
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

interface IdleConnection {
  readonly connection: InstanceConnection;
  readonly untilMs: number;
  readonly sureUntilMs: number;
}

const assignSoon = atEndOfTurn<ConnectionPool>((pool) => pool.assign());

export class ConnectionPool {
  readonly #address: UpstreamAddress;
  readonly #options: ConnectionPoolOptions;
  readonly #connectionOptions: InstanceConnectionOptions;
  readonly #connections = new Set<InstanceConnection>();
  /** The one that was used last is the last one, and the next to be used. */
  #idle: IdleConnection[] = [];
  readonly #waiting: Exchange[] = [];
  #opening = 0;
  /** Those of them that are for the line, and not for one request. */
  #openingForLine = 0;
  #willAssign = false;
  #sweep: NodeJS.Timeout | undefined;
  #destroyed: Error | undefined;

  constructor(origin: string, options: ConnectionPoolOptions) {
    const { protocol, hostname, port, host } = new URL(origin);
    this.#address = { protocol, hostname, port };
    this.#options = options;
    this.#connectionOptions = {
      responseTimeoutMs: options.responseTimeoutMs,
      timeoutError: () => responseTimeout(host),
      onIdle: (connection, saidMs) => this.#keep(connection, saidMs),
      onClose: (connection) => {
        this.#connections.delete(connection);
        this.#assignSoon();
      },
    };
  }

  /** Sends it over a connection that is free, or is opened for it, or becomes free first. */
  send(exchange: Exchange): void {
    this.#waiting.push(exchange);
    this.#assignSoon();
  }

  /** Sends it over a connection that is opened for it. */
  sendOnNewConnection(exchange: Exchange): void {
    this.#open((error, connection) => {
      if (error) exchange.onError(error);
      else if (exchange.isOver) this.#keep(connection);
      else connection.send(exchange);
    });
  }

  /** Closes the one that has been idle for the longest time. @returns whether there is any */
  closeIdle(): boolean {
    const oldest = this.#idle.shift();
    oldest?.connection.close();
    return oldest !== undefined;
  }

  /** Ends all connections at once, with what goes over them. */
  destroy(): void {
    const error = new Error('the proxy ends its connections');
    this.#destroyed = error;
    for (const connection of this.#connections) connection.abort(error);
    for (const exchange of this.#waiting.splice(0)) exchange.onError(error);
  }

  /**
   * At the end of the turn: by then whatever an idle connection had to say before it (its end, or bytes that nobody asked for)
   * has been heard, and it is not used.
   */
  #assignSoon(): void {
    if (this.#willAssign) return;
    this.#willAssign = true;
    assignSoon(this);
  }

  /** At the end of the turn, and not before. */
  assign(): void {
    this.#willAssign = false;
    for (let first = this.#first(); first; first = this.#first()) {
      const connection = this.#takeIdle(first);
      if (!connection) break;
      this.#waiting.shift();
      connection.send(first);
    }
    if (this.#options.isShort()) this.closeIdle();
    let room = this.#options.maxConnections - this.#connections.size - this.#opening;
    for (
      let wanted = this.#waiting.length - this.#openingForLine;
      wanted > 0 && room > 0;
      wanted -= 1
    ) {
      this.#openForFirst();
      room -= 1;
    }
    if (this.#connections.size + this.#opening + this.#waiting.length === 0) {
      this.#options.onEmpty();
    }
  }

  #first(): Exchange | undefined {
    while (this.#waiting[0]?.isOver) this.#waiting.shift();
    return this.#waiting[0];
  }

  #takeIdle(exchange: Exchange): InstanceConnection | undefined {
    const nowMs = performance.now();
    for (let last = this.#idle.pop(); last; last = this.#idle.pop()) {
      const { connection, sureUntilMs, untilMs } = last;
      const isInTime = nowMs < sureUntilMs || (nowMs < untilMs && exchange.isRepeatable);
      if (isInTime && connection.isUsable) return connection;
      connection.close();
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
      else this.#keep(connection);
    });
  }

  #open(
    opened: (
      ...outcome: [error: Error, connection: null] | [error: null, connection: InstanceConnection]
    ) => void,
  ): void {
    this.#opening += 1;
    this.#options.openSocket(this.#address, (error, socket) => {
      this.#opening -= 1;
      if (error || this.#destroyed) {
        socket?.destroy();
        opened(error ?? (this.#destroyed as Error), null);
        this.#assignSoon();
        return;
      }
      const connection = new InstanceConnection(socket, this.#connectionOptions);
      this.#connections.add(connection);
      opened(null, connection);
    });
  }

  #keep(connection: InstanceConnection, saidMs?: number): void {
    const saidNothing = saidMs === undefined;
    const ms = saidNothing ? keepAliveMs : Math.min(saidMs - keepAliveMarginMs, longestKeepAliveMs);
    if (ms <= 0) {
      connection.close();
      return;
    }
    const nowMs = performance.now();
    const sureUntilMs = nowMs + (saidNothing ? sureKeepAliveMs : ms);
    connection.hasBeenIdle = true;
    this.#idle.push({ connection, untilMs: nowMs + ms, sureUntilMs });
    this.#sweep ??= setTimeout(this.#closeExpired, sweepMs).unref();
    if (this.#waiting.length > 0 || this.#options.isShort()) this.#assignSoon();
  }

  readonly #closeExpired = (): void => {
    const nowMs = performance.now();
    const kept = this.#idle.filter(({ connection, untilMs }) => {
      if (untilMs <= nowMs) connection.close();
      return connection.isUsable;
    });
    this.#idle = kept;
    this.#sweep = kept.length > 0 ? setTimeout(this.#closeExpired, sweepMs).unref() : undefined;
  };
}
