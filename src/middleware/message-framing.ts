// Is there only one way to tell where this request ends? Node's parser refuses most of what there is not; what it lets through
// is refused here, before anything is done (RFC 9112 sections 2.3, 6.1 and 11.2; test/e2e/smuggling.test.ts).
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import type { ProxyEnv } from './proxy-env.ts';

export function messageFraming(): MiddlewareHandler<ProxyEnv> {
  return async function messageFraming(c, next) {
    const { incoming, outgoing } = c.env;
    const problem = problemOf(incoming);
    if (problem !== undefined) {
      // What follows on the connection may be the rest of this request.
      outgoing.shouldKeepAlive = false;
      throw new ProxyError('bad_request', problem);
    }
    await next();
  };
}

function problemOf({ httpVersionMajor, httpVersionMinor, headers }: IncomingMessage) {
  if (httpVersionMajor !== 1) return 'Only HTTP/1.1 and HTTP/1.0 are served.';
  const encoding = headers['transfer-encoding'];
  if (encoding === undefined) return undefined;
  if (httpVersionMinor === 0) return 'HTTP/1.0 has no Transfer-Encoding.';
  // Node reads the chunks, and would pass on what another coding has made of the body as the body itself.
  if (encoding.toLowerCase() !== 'chunked') {
    return 'The only Transfer-Encoding that is understood is "chunked", given once.';
  }
  return undefined;
}
