// The stream lane: bodies too large to hold, and CometD, piped once by http-proxy-middleware. What it would do by itself is
// taken from it: which headers go (`options.headers`), what comes back (`selfHandleResponse`), what an error looks like
// (`ejectPlugins`). design.md, "Two lanes", says what was found about it.
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import type { ProxyError } from '../errors.ts';
import { IncomingAnswer } from './incoming-answer.ts';
import { ClientGone } from './replay-body.ts';
import { watchForStall } from './stall-watch.ts';
import type { Upstream } from './upstream.ts';
import type { UpstreamAnswer } from './upstream-answer.ts';
import { upstreamError } from './upstream-error.ts';

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
  readonly onInformation: (status: number, rawHeaders: readonly string[]) => void;
}

interface Transfer extends StreamRequest {
  readonly answered: (answer: UpstreamAnswer) => void;
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
      options.headers = headerObject(transfer.headers);
      options.agent = transfer.upstream.streamAgent(url.protocol);
      return {
        protocol: url.protocol,
        // Node takes an IPv6 address without its brackets.
        host: url.hostname.replace(/^\[|\]$/g, ''),
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port || (url.protocol === 'http:' ? 80 : 443),
      };
    },
    on: {
      proxyReq: (proxyReq, req) => this.#started(proxyReq, this.#transfer(req)),
      proxyRes: (proxyRes, req) => this.#transfer(req).answered(new IncomingAnswer(proxyRes)),
      error: (error, req) => this.#transfer(req).failed(error),
      econnreset: (error, req) => this.#transfer(req).failed(error),
    },
  });

  /**
   * Sends the request and pipes its body; resolves with the answer's head, which may come before the body's end.
   * @throws ProxyError `upstream_*`; ClientGone
   */
  send(request: StreamRequest): Promise<UpstreamAnswer> {
    const { req, res, origin, target } = request;
    req.url = target;
    req.headers = request.framing;
    return new Promise((resolve, reject) => {
      const gone = () => reject(new ClientGone('The client left.'));
      if (res.destroyed) {
        gone();
        return;
      }
      res.once('close', gone);
      const settle = () => res.off('close', gone);
      this.#transfers.set(req, {
        ...request,
        answered: (answer) => {
          settle();
          resolve(answer);
        },
        failed: (error) => {
          settle();
          // After the head, the middleware cuts the client's connection; before it, the caller answers.
          reject(req.destroyed ? new ClientGone('The client left.') : failure(error, origin));
        },
      });
      this.#proxy(req, res, (error) => {
        if (error instanceof Error) this.#transfer(req).failed(error);
      }).catch(reject);
    });
  }

  #started(proxyReq: ClientRequest, transfer: Transfer): void {
    proxyReq.on('information', ({ statusCode, rawHeaders }) =>
      transfer.onInformation(statusCode, rawHeaders),
    );
    watchForStall(proxyReq, transfer.res, transfer.responseTimeoutMs);
  }

  #transfer(req: IncomingMessage): Transfer {
    const transfer = this.#transfers.get(req);
    if (!transfer) throw new TypeError('a request in the stream lane that was not sent by it');
    return transfer;
  }
}

function failure(error: Error, origin: string): ProxyError {
  return upstreamError(error, new URL(origin).host);
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
