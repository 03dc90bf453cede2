// The client's end of a request: a client that leaves ends all work for it, and a body that nobody reads ends with its
// request, so that it is never taken for the next one.
import type { IncomingMessage } from 'node:http';
import type { Middleware } from './call.ts';
import type { OpenCalls } from './open-calls.ts';

/** How long a client may go on sending a body after it was answered. */
const unreadBodyMs = 30_000;

export function clientConnection(openCalls: OpenCalls): Middleware {
  return function clientConnection(call) {
    const { incoming, outgoing, presence } = call;
    openCalls.add(call);
    call.whenOver(() => openCalls.delete(call));
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) presence.leave();
      else if (!incoming.complete) dropUnreadBody(incoming);
      call.closed();
    });
    if (incoming.socket.destroyed) {
      // It left between its request and now, and nobody was told of it.
      presence.leave();
      call.closed();
    }
    if (presence.reason) throw presence.reason;
    return undefined;
  };
}

/** Node reads the rest and throws it away; a client that never stops sending is cut off. */
function dropUnreadBody(incoming: IncomingMessage): void {
  const timer = setTimeout(() => incoming.socket.destroy(), unreadBodyMs);
  timer.unref();
  incoming.once('close', () => clearTimeout(timer));
  incoming.resume();
}
