// One connection to an instance, with one exchange at a time: the request goes out whole, and its answer is read as it comes.
// HTTP/1.1 is persistent (RFC 9112 section 9.3), so a connection whose exchange ended well serves another.
import type { Socket } from 'node:net';
import { type AnswerListener, AnswerReader } from './answer-reader.ts';

/** A request on its way, and whoever hears its answer. */
export interface Exchange extends AnswerListener {
  readonly method: string;
  /** Of the request, as latin1. */
  readonly head: string;
  readonly body: Buffer;
  /** Nobody wants it any more. */
  readonly isOver: boolean;
  /** If upstream closes an idle connection just as it comes, it is sent again. */
  readonly isRepeatable: boolean;
  /** It is about to be sent over this connection. */
  onConnection(connection: InstanceConnection): void;
  /** There will be no more of an answer. After a ProxyError that says so, the request has not arrived. */
  onError(error: Error): void;
}

/** The other side has closed the connection, by an end or a reset. */
export class ConnectionLost extends Error {
  /** It had been idle, and nothing of an answer has come: it may have been closed before the request came. */
  readonly mayHaveBeenStale: boolean;

  constructor(how: string, mayHaveBeenStale: boolean) {
    super(how);
    this.mayHaveBeenStale = mayHaveBeenStale;
  }
}

/** Whose connection it is. */
export interface ConnectionOwner {
  /** For each silence of upstream while it is to answer. */
  readonly responseTimeoutMs: number;
  timeoutError(): Error;
  /** It may serve another exchange. @param keepAliveMs as upstream has said; undefined: it has not */
  onIdle(connection: InstanceConnection, keepAliveMs: number | undefined): void;
  onClose(connection: InstanceConnection): void;
}

export class InstanceConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader = new AnswerReader();
  #exchange: Exchange | undefined;
  #silence: NodeJS.Timeout | undefined;
  #listenedAtMs = 0;
  #isSending = false;
  #hasHeard = false;

  /** Until when upstream keeps it idle, and until when it surely does: set by its pool. 0: it has never been idle. */
  keptUntilMs = 0;
  surelyKeptUntilMs = 0;

  /** The answer had to wait for the client: upstream may have sent its end before it was read. */
  wasPaused = false;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('data', this.#read);
    socket.on('end', this.#ended);
    socket.on('error', this.#broke);
    socket.on('close', this.#closed);
  }

  get isUsable(): boolean {
    return !this.#exchange && !this.#socket.destroyed && this.#socket.writable;
  }

  send(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#hasHeard = false;
    this.wasPaused = false;
    this.#reader.start(exchange.method, exchange);
    this.#listen();
    exchange.onConnection(this);
    const socket = this.#socket;
    if (exchange.body.length === 0) {
      socket.write(exchange.head, 'latin1');
    } else {
      this.#isSending = true;
      socket.cork();
      socket.write(exchange.head, 'latin1');
      socket.write(exchange.body, this.#sent);
      socket.uncork();
    }
  }

  readonly #sent = (): void => {
    this.#isSending = false;
    if (!this.#exchange) this.#serveNext();
  };

  /** No more of the answer, until `resume`: the client takes no more. */
  pause(): void {
    this.wasPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#socket.isPaused()) return;
    this.#listen();
    this.#socket.resume();
  }

  /** Of a connection that is idle. */
  close(): void {
    // What upstream has not taken by now, it may never take.
    if (this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  /** Ends the exchange, and the connection with it. */
  abort(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#reader.stop();
    this.#socket.destroy();
    exchange?.onError(error);
  }

  /** From now on upstream must not be silent for longer than the timeout. */
  #listen(): void {
    this.#listenedAtMs = performance.now();
    if (!this.#silence) this.#awaitSilence(this.#owner.responseTimeoutMs);
  }

  /** One timer for many answers: to set it anew for each costs more than to look at the clock. */
  #awaitSilence(ms: number): void {
    this.#silence = setTimeout(this.#silent, ms).unref();
  }

  readonly #silent = (): void => {
    this.#silence = undefined;
    // An idle connection owes nothing; one that is paused is not upstream's silence.
    const isOwed = this.#exchange !== undefined || this.#isSending;
    if (!isOwed || this.#socket.isPaused()) return;
    const silentMs = performance.now() - this.#listenedAtMs;
    const leftMs = Math.ceil(this.#owner.responseTimeoutMs - silentMs);
    if (leftMs > 0) this.#awaitSilence(leftMs);
    else this.abort(this.#owner.timeoutError());
  };

  readonly #read = (bytes: Buffer): void => {
    const exchange = this.#exchange;
    if (!exchange) {
      // Nobody has asked: it would be taken for the answer to the next request.
      this.#socket.destroy();
      return;
    }
    this.#hasHeard = true;
    let taken: number;
    try {
      taken = this.#reader.read(bytes);
    } catch (error) {
      this.abort(error as Error);
      return;
    }
    if (this.#exchange !== exchange) return;
    if (this.#reader.isOver) this.#answered(taken === bytes.length);
    else if (this.#reader.hasHead) this.#listen();
  };

  #answered(isClean: boolean): void {
    this.#exchange = undefined;
    // It must hear when the other side closes.
    this.#socket.resume();
    // After more than an answer nobody knows what would come next.
    if (!isClean || this.#reader.keepAliveMs === 0) this.#socket.destroy();
    // An answer may come before the last of its request has left.
    else if (!this.#isSending) this.#serveNext();
  }

  #serveNext(): void {
    if (this.isUsable) this.#owner.onIdle(this, this.#reader.keepAliveMs);
  }

  readonly #ended = (): void => {
    if (this.#exchange && this.#reader.end()) this.#exchange = undefined;
    this.#lost('it was closed');
  };

  readonly #broke = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') this.#lost(error.code);
    else this.abort(error);
  };

  readonly #closed = (): void => {
    clearTimeout(this.#silence);
    this.#lost('it was closed');
    this.#owner.onClose(this);
  };

  #lost(how: string): void {
    this.abort(new ConnectionLost(how, this.keptUntilMs > 0 && !this.#hasHeard));
  }
}
