// Is this a request that can be read in one way only, and that may be given a session? Node's parser refuses most of what is not;
// what it lets through is refused here, before anything is done (RFC 9112 sections 2.3, 6.1 and 11.2; test/e2e/smuggling.test.ts).
import type { IncomingMessage } from 'node:http';
import { ProxyError } from '../errors.ts';
import type { Middleware } from './call.ts';

export function plainRequest(): Middleware {
  return function plainRequest({ incoming, outgoing }) {
    const problem = problemOf(incoming);
    if (problem === undefined) return undefined;
    // What follows on the connection may be the rest of this request.
    outgoing.shouldKeepAlive = false;
    throw new ProxyError('bad_request', problem);
  };
}

function problemOf({ method, httpVersionMajor, httpVersionMinor, headers }: IncomingMessage) {
  // RFC 9110 section 9.3.8: whoever answers it sends back what it got, and the session would be in that.
  if (method === 'TRACE') return 'TRACE is not served.';
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
