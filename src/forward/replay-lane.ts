// The replay lane: one request whose body is held, and its answer, byte for byte both ways.
import type { ServerResponse } from 'node:http';
import type { AnswerHead } from '../connections/answer-head.ts';
import type { ConnectionPool } from '../connections/connection-pool.ts';
import {
  ConnectionLost,
  type Exchange,
  type InstanceConnection,
} from '../connections/instance-connection.ts';
import { type RequestParts, requestHead } from '../connections/request-head.ts';
import type { Upstream } from '../connections/upstream.ts';
import { upstreamError } from '../connections/upstream-error.ts';
import { atEndOfTurn } from '../end-of-turn.ts';
import type { CallTrace } from './client-call.ts';
import { cut, sendHead } from './client-end.ts';
import type { ClientGone, ClientPresence } from './client-presence.ts';
import { isRepeatable } from './repeatable.ts';
import { noteSpent } from './spent-buffers.ts';
import { addTrailers } from './trailers.ts';
import type { OnInformation, UpstreamAnswer } from './upstream-answer.ts';

export interface ReplayRequest extends RequestParts {
  readonly origin: string;
  /** Empty: none. */
  readonly body: Buffer;
  /** The request declared a body, if only of no bytes. */
  readonly hasBody: boolean;
  readonly presence: ClientPresence;
  readonly trace: CallTrace;
  readonly onInformation: OnInformation | undefined;
}

/**
 * Sends a request and resolves with the answer's head.
 * A request that may be repeated (GET that writes nothing) and was lost on a connection that had been idle is sent once more,
 * on a new one; any other that may have arrived is not: it could be executed twice.
 * @throws ProxyError `upstream_*`
 */
export function sendInReplayLane(
  upstream: Upstream,
  request: ReplayRequest,
): Promise<UpstreamAnswer> {
  const pool = upstream.replayLane(request.origin);
  const startedAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const answered = (answer: UpstreamAnswer) => {
      request.trace.upstreamMs = performance.now() - startedAtMs;
      resolve(answer);
    };
    const failed = (error: Error) => {
      if (wasLostWhileIdle(error) && isRepeatable(request)) {
        new ReplayExchange(request, pool, answered, reject).send((again) =>
          pool.sendOnNewConnection(again),
        );
      } else reject(error);
    };
    new ReplayExchange(request, pool, answered, failed).send((exchange) => pool.send(exchange));
  });
}

function wasLostWhileIdle(error: Error): boolean {
  return error.cause instanceof ConnectionLost && error.cause.mayHaveBeenStale;
}

/** RFC 9110 section 8.6: without a body, they say that they have none. */
const expectsBody = new Set(['POST', 'PUT', 'PATCH']);

/** How much of an unwanted body is read to keep its connection. */
const discardBytes = 64 * 1024;

const tellAnswered = atEndOfTurn<ReplayExchange>((exchange) => exchange.tellAnswered());

class ReplayExchange implements Exchange, UpstreamAnswer {
  readonly #request: ReplayRequest;
  readonly #pool: ConnectionPool;
  readonly #answered: (answer: UpstreamAnswer) => void;
  readonly #failed: (error: Error) => void;
  #connection: InstanceConnection | undefined;
  #hasHead = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** How much is held while nobody takes it. */
  #holdUpTo = discardBytes;
  #isDiscarded = false;
  #ended = false;
  #error: Error | undefined;
  #trailers: readonly string[] = [];
  #client: ServerResponse | undefined;
  #onHeld: (() => void) | undefined;
  readonly method: string;
  readonly head: string;
  readonly body: Buffer;
  status = 0;
  reason = '';
  rawHeaders: readonly string[] = [];

  constructor(
    request: ReplayRequest,
    pool: ConnectionPool,
    answered: (answer: UpstreamAnswer) => void,
    failed: (error: Error) => void,
  ) {
    const { method, body, hasBody } = request;
    this.#request = request;
    this.#pool = pool;
    this.#answered = answered;
    this.#failed = failed;
    this.method = method;
    this.body = body;
    const saysLength = hasBody || expectsBody.has(method);
    this.head = requestHead(request, saysLength ? body.length : undefined);
  }

  send(over: (exchange: Exchange) => void): void {
    const { presence } = this.#request;
    if (presence.reason) {
      this.#failed(presence.reason);
      return;
    }
    presence.onLeave = this.#abort;
    over(this);
  }

  get isRepeatable(): boolean {
    return isRepeatable(this.#request);
  }

  get isOver(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  onConnection(connection: InstanceConnection): void {
    this.#connection = connection;
  }

  onInformation(interim: AnswerHead): void {
    this.#request.onInformation?.(interim);
  }

  onHead({ status, reason, rawHeaders }: AnswerHead): void {
    this.#hasHead = true;
    this.status = status;
    this.reason = reason;
    this.rawHeaders = rawHeaders;
    tellAnswered(this);
  }

  tellAnswered(): void {
    this.#answered(this);
  }

  onBody(bytes: Buffer): void {
    if (this.#client) {
      noteSpent(bytes);
      if (!this.#client.write(bytes)) this.#connection?.pause();
      return;
    }
    this.#heldBytes += bytes.length;
    if (this.#isDiscarded) {
      this.#endIfMuch();
      return;
    }
    this.#held.push(bytes);
    if (this.#heldBytes >= this.#holdUpTo) this.#connection?.pause();
    this.#onHeld?.();
  }

  onEnd(rawTrailers: readonly string[]): void {
    this.#ended = true;
    // It may serve another by now.
    this.#connection = undefined;
    this.#trailers = rawTrailers;
    this.#settle();
    if (this.#client) finish(this.#client, rawTrailers);
  }

  onError(error: Error): void {
    if (this.isOver) return;
    this.#error = upstreamError(error, new URL(this.#request.origin).host);
    this.#settle();
    if (!this.#hasHead) this.#failed(this.#request.presence.reason ?? this.#error);
    // Whatever has been sent is no whole body: the client must see that it was cut.
    if (this.#client) cut(this.#client);
  }

  get isBroken(): boolean {
    return this.#error !== undefined;
  }

  peek(limitBytes: number, timeoutMs: number): Promise<Buffer> {
    this.#holdUpTo = limitBytes;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#onHeld = undefined;
        resolve(Buffer.concat(this.#held).subarray(0, limitBytes));
      };
      const timer = setTimeout(done, timeoutMs);
      this.#onHeld = () => {
        if (this.#ended || this.#error || this.#heldBytes >= limitBytes) done();
      };
      this.#onHeld();
    });
  }

  sendTo(res: ServerResponse): void {
    const chunks = this.#held;
    this.#held = [];
    if (this.#ended) {
      const last = chunks.pop();
      for (const chunk of chunks) res.write(chunk);
      finish(res, this.#trailers, last);
    } else {
      for (const chunk of chunks) res.write(chunk);
      this.#client = res;
      // Node would keep the head until there is some of the body.
      if (this.#heldBytes === 0) sendHead(res);
      res.on('drain', () => this.#connection?.resume());
      if (!res.writableNeedDrain) this.#connection?.resume();
    }
  }

  discard(): void {
    this.#held = [];
    this.#isDiscarded = true;
    this.#connection?.resume();
    this.#endIfMuch();
  }

  /** Whatever still comes of an unwanted answer is dropped; once that is much, the connection is not worth it. */
  #endIfMuch(): void {
    if (this.#heldBytes >= discardBytes) this.#connection?.abort(new Error('not needed'));
  }

  readonly #abort = (reason: ClientGone): void => {
    if (this.#connection) {
      this.#connection.abort(reason);
    } else {
      this.#pool.forget(this);
      this.onError(reason);
    }
  };

  #settle(): void {
    const { presence } = this.#request;
    // A replay may have taken its place.
    if (presence.onLeave === this.#abort) presence.onLeave = undefined;
    this.#onHeld?.();
  }
}

function finish(res: ServerResponse, rawTrailers: readonly string[], last?: Buffer): void {
  addTrailers(res, rawTrailers);
  res.end(last);
}
