// The calls that are not over yet, over all listeners: who is to be told that a connection is gone, and what a proxy that
// ends waits for.
import type { Socket } from 'node:net';
import type { Call } from './call.ts';

/**
 * A dense list, in which each call knows its place. A Set that grows and shrinks with every request leaves old tables behind,
 * which keep finished requests alive from one garbage collection to the next (docs/performance.md).
 */
export class OpenCalls {
  readonly #calls: Call[] = [];
  readonly #watched = new WeakSet<Socket>();
  #onEmpty: (() => void) | undefined;

  add(call: Call): void {
    call.place = this.#calls.length;
    this.#calls.push(call);
    this.#watch(call.incoming.socket);
  }

  delete(call: Call): void {
    const last = this.#calls.pop();
    if (last !== undefined && last !== call) {
      this.#calls[call.place] = last;
      last.place = call.place;
    }
    if (this.#calls.length === 0) this.#onEmpty?.();
  }

  [Symbol.iterator](): Iterator<Call> {
    return this.#calls.values();
  }

  /** Resolves with true when there is none any more, with false after `timeoutMs`. */
  empty(timeoutMs: number): Promise<boolean> {
    if (this.#calls.length === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /**
   * A pipelined answer whose turn has not come does not hear that its connection is gone. One listener a connection, however
   * many requests a client sends ahead.
   */
  #watch(socket: Socket): void {
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.once('close', () => {
      for (const call of this.#calls.filter(({ incoming }) => incoming.socket === socket)) {
        call.presence.leave();
        call.closed();
      }
    });
  }
}
