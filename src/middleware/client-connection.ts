// The client's end of a request: a client that leaves ends all work for it, and a body that nobody reads ends with its
// request, so that it is never taken for the next one.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Call, Middleware } from './call.ts';

/** How long a client may go on sending a body after it was answered. */
const unreadBodyMs = 30_000;

export function clientConnection(): Middleware {
  const openCalls = new OpenCalls();
  return function clientConnection(call) {
    const { incoming, outgoing, presence } = call;
    const { socket } = incoming;
    openCalls.add(socket, call);
    outgoing.once('close', () => {
      openCalls.delete(socket, call);
      if (!outgoing.writableFinished) presence.leave();
      else if (!incoming.complete) dropUnreadBody(incoming);
      call.closed();
    });
    return undefined;
  };
}

/**
 * Who is to be told that a connection is gone: a pipelined answer whose turn has not come does not hear of it. One listener a
 * connection, however many requests a client sends ahead.
 */
class OpenCalls {
  readonly #bySocket = new WeakMap<Socket, Set<Call>>();

  add(socket: Socket, call: Call): void {
    const known = this.#bySocket.get(socket);
    if (known) {
      known.add(call);
      return;
    }
    const calls = new Set([call]);
    this.#bySocket.set(socket, calls);
    socket.once('close', () => {
      for (const open of calls) {
        open.presence.leave();
        open.closed();
      }
    });
  }

  delete(socket: Socket, call: Call): void {
    this.#bySocket.get(socket)?.delete(call);
  }
}

/** Node reads the rest and throws it away; a client that never stops sending is cut off. */
function dropUnreadBody(incoming: IncomingMessage): void {
  const timer = setTimeout(() => incoming.socket.destroy(), unreadBodyMs);
  timer.unref();
  incoming.once('close', () => clearTimeout(timer));
  incoming.resume();
}
