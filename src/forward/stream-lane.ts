// The stream lane: bodies too large to hold, and CometD, piped once by http-proxy-middleware. What it would do by itself is
// taken from it: which headers go (`options.headers`), what comes back (`selfHandleResponse`), what an error looks like
// (`ejectPlugins`). design.md, "Two lanes", says what was found about it.
import { EventEmitter } from 'node:events';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import { assertChunked } from '../connections/answer-head.ts';
import { maxHeadBytes } from '../connections/answer-reader.ts';
import { nodeHost } from '../connections/node-host.ts';
import type { Upstream } from '../connections/upstream.ts';
import { upstreamError } from '../connections/upstream-error.ts';
import { IncomingAnswer } from './incoming-answer.ts';
import { noteSpent } from './spent-buffers.ts';
import { watchForStall } from './stall-watch.ts';
import { addTrailers } from './trailers.ts';
import type { OnInformation, UpstreamAnswer } from './upstream-answer.ts';

export interface StreamRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly upstream: Upstream;
  readonly origin: string;
  readonly target: string;
  /** Flat name-value pairs, without framing. */
  readonly headers: readonly string[];
  /** `content-length` or `transfer-encoding`, whichever says how long the body is. */
  readonly framing: Record<string, string>;
  readonly responseTimeoutMs: number;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly onInformation: OnInformation;
}

interface Transfer extends StreamRequest {
  readonly answered: (message: IncomingMessage) => void;
  readonly failed: (error: Error) => void;
}

export class StreamLane {
  readonly #transfers = new WeakMap<IncomingMessage, Transfer>();
  readonly #proxy = createProxyMiddleware<IncomingMessage, ServerResponse>({
    // Only so that the middleware starts; the router below says where each request goes.
    target: 'http://router.invalid',
    // Its error plugin would append text to a broken body and end it as if it were whole.
    ejectPlugins: true,
    plugins: [proxyEventsPlugin],
    selfHandleResponse: true,
    followRedirects: false,
    router: (req, _res, options) => {
      const transfer = this.#transfer(req);
      const url = new URL(transfer.origin);
      const host = nodeHost(url.hostname);
      options.headers = headerObject(transfer.headers);
      options.agent = transfer.upstream.streamAgent(url.protocol);
      // The middleware makes its request's options from this object: the only way in for this one.
      options.ssl = { maxHeaderSize: maxHeadBytes } as object;
      return {
        protocol: url.protocol,
        host,
        hostname: host,
        port: url.port || (url.protocol === 'http:' ? 80 : 443),
      };
    },
    on: {
      proxyReq: (proxyReq, req) => started(proxyReq, this.#transfer(req)),
      proxyRes: (proxyRes, req) => this.#transfer(req).answered(proxyRes),
      error: (error, req) => this.#transfer(req).failed(error),
      econnreset: (error, req) => this.#transfer(req).failed(error),
    },
  });

  /**
   * Sends the request and pipes its body; resolves with the answer's head, which may come before the body's end.
   * @throws ProxyError `upstream_*`; ClientGone
   */
  async send(request: StreamRequest): Promise<UpstreamAnswer> {
    const { req, signal, upstream } = request;
    const { url, headers } = req;
    const release = await upstream.streamSlots.take(signal);
    if (signal.aborted) release();
    signal.throwIfAborted();
    try {
      return await this.#pipe(request, release);
    } finally {
      // The middleware has taken what it reads here; an error is still answered in the form that the client asked for.
      Object.assign(req, { url, headers });
    }
  }

  #pipe(request: StreamRequest, release: () => void): Promise<UpstreamAnswer> {
    const { req, res, origin, target, signal } = request;
    req.url = target;
    req.headers = request.framing;
    return new Promise((resolve, reject) => {
      const gone = () => settle(() => reject(signal.reason));
      const settle = (outcome: () => void) => {
        signal.removeEventListener('abort', gone);
        outcome();
      };
      let answer: IncomingAnswer | undefined;
      signal.addEventListener('abort', gone, { once: true });
      this.#transfers.set(req, {
        ...request,
        answered: (message) => {
          const problem = codingProblem(message);
          if (problem) {
            message.destroy();
            settle(() => reject(upstreamError(problem, new URL(origin).host)));
            return;
          }
          const came = new IncomingAnswer(message);
          answer = came;
          settle(() => resolve(came));
        },
        failed: (error) => {
          answer?.broke();
          settle(() => reject(upstreamError(error, new URL(origin).host)));
        },
      });
      this.#proxy(req, standInFor(res, signal), (error) => {
        if (error instanceof Error) this.#transfer(req).failed(error);
      })
        .catch((error: Error) => this.#transfer(req).failed(error))
        .finally(release);
    });
  }

  #transfer(req: IncomingMessage): Transfer {
    const transfer = this.#transfers.get(req);
    if (!transfer) throw new TypeError('a request in the stream lane that was not sent by it');
    return transfer;
  }
}

/** Node reads the chunks, and would give what another coding has made of the body for the body itself. */
function codingProblem({ headers, httpVersionMinor }: IncomingMessage): Error | undefined {
  const coding = headers['transfer-encoding'];
  try {
    if (coding !== undefined) assertChunked(coding, false, httpVersionMinor === 1);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/**
 * What the middleware takes for the client's answer. It hears when that is over; itself it would cut the client off where
 * there is still an error to be told.
 */
function standInFor(res: ServerResponse, signal: AbortSignal): ServerResponse {
  const standIn = Object.assign(new EventEmitter(), {
    finished: false,
    writableFinished: false,
    destroyed: false,
    destroy: () => {},
  });
  const over = () => {
    signal.removeEventListener('abort', over);
    res.off('close', over);
    standIn.writableFinished = res.writableFinished;
    standIn.emit('close');
  };
  signal.addEventListener('abort', over, { once: true });
  res.once('close', over);
  return standIn as unknown as ServerResponse;
}

function started(proxyReq: ClientRequest, transfer: Transfer): void {
  const { req, res } = transfer;
  proxyReq.on('information', ({ statusCode, statusMessage, rawHeaders }) =>
    transfer.onInformation({ status: statusCode, reason: statusMessage, rawHeaders }),
  );
  // The only sign of a 101 that nobody asked for.
  proxyReq.once('close', () => transfer.failed(new Error('no answer')));
  req.on('data', noteSpent);
  // Heard before the middleware ends the upstream request.
  req.once('end', () => addTrailers(proxyReq, req.rawTrailers));
  watchForStall(proxyReq, res, transfer.responseTimeoutMs);
}

/** Node's client takes an object: equal names become one key with several values, in order. */
function headerObject(rawHeaders: readonly string[]): Record<string, string> {
  const byLowerCase = new Map<string, [name: string, values: string[]]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const known = byLowerCase.get(name.toLowerCase());
    if (known) known[1].push(rawHeaders[i + 1] as string);
    else byLowerCase.set(name.toLowerCase(), [name, [rawHeaders[i + 1] as string]]);
  }
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, values] of byLowerCase.values()) {
    headers[name] = values.length === 1 ? (values[0] as string) : values;
  }
  // The middleware's type knows single values only; Node's client, which gets it, knows lists.
  return headers as Record<string, string>;
}
