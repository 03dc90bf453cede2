// Is this a request that can be read in one way only, and that may be given a session? Node's parser refuses most of what is not;
// what it lets through is refused here, before anything is done (RFC 9112 sections 2.3, 6.1 and 11.2; test/e2e/smuggling.test.ts).
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ProxyError } from '../errors.ts';
import { ClientGone } from '../forward/client-presence.ts';
import type { Middleware } from './call.ts';

export function plainRequest(): Middleware {
  /** What follows on them may be the rest of a request that was refused, and Node has it parsed already. */
  const ended = new WeakSet<Socket>();
  return function plainRequest({ incoming, outgoing }) {
    const { socket } = incoming;
    if (ended.has(socket)) throw new ClientGone('The request before it has ended the connection.');
    const problem = problemOf(incoming);
    if (problem === undefined) return undefined;
    ended.add(socket);
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
