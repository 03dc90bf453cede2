// The client's end of a request: a client that leaves ends all work for it, and a body that nobody reads ends with its
// request, so that it is never taken for the next one.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { ClientGone } from '../forward/replay-body.ts';
import type { ProxyEnv } from './proxy-env.ts';

/** How long a client may go on sending a body after it was answered. */
const unreadBodyMs = 30_000;

export function clientConnection(): MiddlewareHandler<ProxyEnv> {
  const openRequests = new OpenRequests();
  return async function clientConnection(c, next) {
    const { incoming, outgoing } = c.env as { incoming: IncomingMessage; outgoing: ServerResponse };
    const gone = new AbortController();
    const leave = () => gone.abort(new ClientGone('The client left.'));
    openRequests.add(incoming.socket, leave);
    outgoing.once('close', () => {
      openRequests.delete(incoming.socket, leave);
      if (!outgoing.writableFinished) leave();
    });
    outgoing.once('finish', () => {
      openRequests.delete(incoming.socket, leave);
      if (!incoming.complete) dropUnreadBody(incoming);
    });
    c.set('signal', gone.signal);
    c.set('trace', { replayed: false, waitingMs: 0, loginMs: 0, upstreamMs: undefined });
    await next();
  };
}

/**
 * Who is to be told that a connection is gone: a pipelined answer whose turn has not come does not hear of it. One listener a
 * connection, however many requests a client sends ahead.
 */
class OpenRequests {
  readonly #leavers = new WeakMap<Socket, Set<() => void>>();

  add(socket: Socket, leave: () => void): void {
    const known = this.#leavers.get(socket);
    if (known) {
      known.add(leave);
      return;
    }
    const leavers = new Set([leave]);
    this.#leavers.set(socket, leavers);
    socket.once('close', () => {
      for (const one of leavers) one();
    });
  }

  delete(socket: Socket, leave: () => void): void {
    this.#leavers.get(socket)?.delete(leave);
  }
}

/** Node reads the rest and throws it away; a client that never stops sending is cut off. */
function dropUnreadBody(incoming: IncomingMessage): void {
  const timer = setTimeout(() => incoming.socket.destroy(), unreadBodyMs);
  timer.unref();
  incoming.once('close', () => clearTimeout(timer));
  incoming.resume();
}
