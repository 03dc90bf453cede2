// The replay lane: one request whose body is held, sent by undici with raw headers both ways and its path byte for byte
// (`{origin, path}`: a URL would be normalised).
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { ProxyError } from '../errors.ts';
import { cut, sendHead } from './client-end.ts';
import type { ClientGone, ClientPresence } from './client-presence.ts';
import { addTrailers } from './trailers.ts';
import type { ReuseAware, Upstream } from './upstream.ts';
import type { OnInformation, UpstreamAnswer } from './upstream-answer.ts';
import { upstreamError } from './upstream-error.ts';

export interface ReplayRequest {
  readonly origin: string;
  readonly method: string;
  readonly target: string;
  /** Flat name-value pairs. */
  readonly headers: string[];
  /** Empty: none. */
  readonly body: Buffer;
  /** The request declared a body, if only of no bytes. */
  readonly hasBody: boolean;
  readonly presence: ClientPresence;
  readonly onInformation?: OnInformation;
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
  return new Promise((resolve, reject) => {
    const repeat = () => new ReplayExchange(request, resolve, reject).send(upstream.newConnections);
    const failed = (error: Error, exchange: ReplayExchange) => {
      if (exchange.wasLostWhileIdle(error) && isRepeatable(request)) repeat();
      else reject(error);
    };
    new ReplayExchange(request, resolve, failed).send(upstream.replayLane(request.origin));
  });
}

// A GET that writes: salesforce-facts section 4 (`_HttpMethod`), Tooling API `executeAnonymous`, Apex REST by its author.
const mayWrite = /httpmethod|executeanonymous|runtests|apexrest/i;

function isRepeatable({ method, target }: ReplayRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  try {
    return !mayWrite.test(decodeURIComponent(target));
  } catch {
    return false;
  }
}

/** How much of an unwanted body is read to keep its connection. */
const discardBytes = 64 * 1024;

class ReplayExchange implements Dispatcher.DispatchHandler, ReuseAware, UpstreamAnswer {
  readonly #request: ReplayRequest;
  readonly #answered: (answer: UpstreamAnswer) => void;
  readonly #failed: (error: Error, exchange: ReplayExchange) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isReused = false;
  #hasHead = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** How much is held while nobody takes it; 0 once there is somebody. */
  #holdUpTo = discardBytes;
  #ended = false;
  #error: ProxyError | undefined;
  #trailers: readonly string[] = [];
  #client: ServerResponse | undefined;
  #onHeld: (() => void) | undefined;
  status = 0;
  reason = '';
  rawHeaders: readonly string[] = [];

  constructor(
    request: ReplayRequest,
    answered: (answer: UpstreamAnswer) => void,
    failed: (error: Error, exchange: ReplayExchange) => void,
  ) {
    this.#request = request;
    this.#answered = answered;
    this.#failed = failed;
  }

  send(dispatcher: Dispatcher): void {
    const { origin, method, target, headers, body, hasBody, presence } = this.#request;
    if (presence.reason) {
      this.#failed(presence.reason, this);
      return;
    }
    presence.onLeave = this.#abort;
    const options: Dispatcher.DispatchOptions = {
      origin,
      path: target,
      method: method as Dispatcher.HttpMethod,
      headers: hasBody && body.length === 0 ? [...headers, 'content-length', '0'] : headers,
      body: body.length === 0 ? null : body,
    };
    dispatcher.dispatch(options, this);
  }

  wasLostWhileIdle(error: unknown): boolean {
    return (
      this.#isReused &&
      !this.#hasHead &&
      error instanceof ProxyError &&
      error.code === 'upstream_broken' &&
      isLostConnection(error.cause)
    );
  }

  onReusedConnection(): void {
    this.#isReused = true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { reason } = this.#request.presence;
    if (reason) this.#abort(reason);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason?: string,
  ): void {
    const rawHeaders = latin1(controller.rawHeaders);
    if (status < 200 && status >= 100) {
      this.#request.onInformation?.({ status, reason: bytesOf(reason), rawHeaders });
      return;
    }
    this.#hasHead = true;
    this.status = status;
    this.reason = bytesOf(reason);
    this.rawHeaders = rawHeaders;
    this.#answered(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#client) {
      if (!this.#client.write(chunk)) controller.pause();
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes >= this.#holdUpTo) controller.pause();
    this.#onHeld?.();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#ended = true;
    this.#trailers = latin1(controller.rawTrailers);
    this.#settle();
    if (this.#client) finish(this.#client, this.#trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#error = upstreamError(error, new URL(this.#request.origin).host);
    this.#settle();
    if (!this.#hasHead) {
      this.#failed(this.#request.presence.reason ?? this.#error, this);
    }
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
      res.on('drain', () => this.#controller?.resume());
      if (!res.writableNeedDrain) this.#controller?.resume();
    }
  }

  discard(): void {
    this.#held = [];
    // Whatever still comes is dropped; once that is much, the connection is not worth it.
    this.onResponseData = (controller, chunk) => {
      this.#heldBytes += chunk.length;
      if (this.#heldBytes > discardBytes) controller.abort(new Error('not needed'));
    };
    if (this.#heldBytes >= discardBytes) this.#controller?.abort(new Error('not needed'));
    else this.#controller?.resume();
  }

  readonly #abort = (reason: ClientGone): void => {
    if (this.#controller) this.#controller.abort(reason);
    else this.#failed(reason, this);
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

/** undici has decoded the reason as UTF-8; what was none is lost. */
function bytesOf(reason = ''): string {
  if (/^[\x20-\x7e]*$/.test(reason)) return reason;
  return Buffer.from(reason.replaceAll('\ufffd', '?')).toString('latin1');
}

/** undici gives header bytes; latin1 is how Node writes them back, so every byte survives. */
function latin1(raw: readonly (Buffer | string)[] | object | null | undefined): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part: Buffer | string) =>
    typeof part === 'string' ? part : part.toString('latin1'),
  );
}

/** Not one over which something came that is no HTTP: whoever sent it had read the request. */
function isLostConnection(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== 'UND_ERR_SOCKET') return code === 'ECONNRESET' || code === 'EPIPE';
  return message !== 'bad response' && message !== 'bad upgrade';
}
