// The end of the proxy, seen from a request: those in flight may finish, on connections that close after them, and those that
// come later are refused, so that a client sends them elsewhere.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../errors.ts';
import type { Middleware } from './call.ts';
import type { OpenCalls } from './open-calls.ts';

export class Draining {
  readonly #openCalls: OpenCalls;
  #isDraining = false;

  constructor(openCalls: OpenCalls) {
    this.#openCalls = openCalls;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  begin(): void {
    this.#isDraining = true;
    for (const { outgoing } of this.#openCalls) closeAfter(outgoing);
  }
}

export function draining(state: Draining): Middleware {
  return function draining(call) {
    if (!state.isDraining) return undefined;
    closeAfter(call.outgoing);
    throw new ProxyError('shutting_down', 'The proxy is shutting down; try again.', {
      retryAfterSeconds: 1,
    });
  };
}

/** Node then answers with `Connection: close`. */
function closeAfter(res: ServerResponse): void {
  if (!res.headersSent) res.shouldKeepAlive = false;
}
