// The end of the proxy, seen from a request: those in flight may finish, on connections that close after them, and those that
// come later are refused, so that a client sends them elsewhere.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../errors.ts';
import type { Call, Middleware } from './call.ts';

export class Draining {
  readonly #inFlight = new Set<ServerResponse>();
  #isDraining = false;
  #onIdle: (() => void) | undefined;

  get isDraining(): boolean {
    return this.#isDraining;
  }

  track(call: Call): void {
    this.#inFlight.add(call.outgoing);
    call.whenOver(() => {
      this.#inFlight.delete(call.outgoing);
      if (this.#inFlight.size === 0) this.#onIdle?.();
    });
  }

  begin(): void {
    this.#isDraining = true;
    for (const res of this.#inFlight) closeAfter(res);
  }

  /** Resolves with true when no request is in flight any more, with false after `timeoutMs`. */
  idle(timeoutMs: number): Promise<boolean> {
    if (this.#inFlight.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

export function draining(state: Draining): Middleware {
  return function draining(call) {
    if (state.isDraining) {
      closeAfter(call.outgoing);
      throw new ProxyError('shutting_down', 'The proxy is shutting down; try again.', {
        retryAfterSeconds: 1,
      });
    }
    state.track(call);
    return undefined;
  };
}

/** Node then answers with `Connection: close`. */
function closeAfter(res: ServerResponse): void {
  if (!res.headersSent) res.shouldKeepAlive = false;
}
