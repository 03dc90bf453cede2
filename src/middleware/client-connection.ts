// The client's end of a request: a client that leaves ends all work for it, and a body that nobody reads ends with its
// request, so that it is never taken for the next one.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { ClientGone } from '../forward/replay-body.ts';
import type { ProxyEnv } from './proxy-env.ts';

/** How long a client may go on sending a body after it was answered. */
const unreadBodyMs = 30_000;

export function clientConnection(): MiddlewareHandler<ProxyEnv> {
  return async function clientConnection(c, next) {
    const { incoming, outgoing } = c.env as { incoming: IncomingMessage; outgoing: ServerResponse };
    const gone = new AbortController();
    // A pipelined request has no connection of its own yet when it starts.
    const end = outgoing.socket ? outgoing : incoming.socket;
    const onClose = () => {
      if (!outgoing.writableFinished) gone.abort(new ClientGone('The client left.'));
    };
    end.once('close', onClose);
    outgoing.once('finish', () => {
      end.off('close', onClose);
      if (!incoming.complete) dropUnreadBody(incoming);
    });
    c.set('signal', gone.signal);
    c.set('trace', { replayed: false, waitingMs: 0, loginMs: 0, upstreamMs: undefined });
    await next();
  };
}

/** Node reads the rest and throws it away; a client that never stops sending is cut off. */
function dropUnreadBody(incoming: IncomingMessage): void {
  const timer = setTimeout(() => incoming.socket.destroy(), unreadBodyMs);
  timer.unref();
  incoming.once('close', () => clearTimeout(timer));
  incoming.resume();
}
