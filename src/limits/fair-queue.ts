// How many requests an org has in flight, and who is next. First come, first served, but fair between clients: each has a
// line of its own and the lines take turns, so that one client's thousand waiting requests do not starve another's one.
import { ProxyError } from '../errors.ts';

interface Waiter {
  readonly enter: () => void;
}

export class FairQueue {
  #places: number;
  #timeoutMs: number;
  #onIdle: (() => void) | undefined;
  #inFlight = 0;
  #queued = 0;
  /** In the order of their turns; a line that has been served goes to the end. None is empty. */
  readonly #lines = new Map<string, Set<Waiter>>();

  constructor(places: number, timeoutMs: number) {
    this.#places = places;
    this.#timeoutMs = timeoutMs;
  }

  /** A reload changed the limits; whoever is in flight or waits is not disturbed. */
  configure(places: number, timeoutMs: number): void {
    this.#places = places;
    this.#timeoutMs = timeoutMs;
    while (this.#letIn());
  }

  /** Resolves when nobody is in flight or waits. To be asked once, when nobody comes any more. */
  idle(): Promise<void> {
    if (this.#inFlight + this.#queued === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Takes a place if one is free and nobody waits for it; else `enter` waits for one. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#places || this.#queued > 0) return false;
    this.#inFlight += 1;
    return true;
  }

  /**
   * Waits for a place. Whoever has entered must leave.
   * @param signal leaves the line
   * @throws ProxyError `overloaded` after the queue timeout
   */
  enter(client: string, signal: AbortSignal): Promise<void> {
    if (this.tryEnter()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        this.#remove(client, waiter);
        settle();
        reject(reason);
      };
      const onAbort = () => giveUp(signal.reason);
      const timer = setTimeout(() => giveUp(this.#overloaded()), this.#timeoutMs);
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        enter: () => {
          settle();
          resolve();
        },
      };
      if (signal.aborted) {
        settle();
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', onAbort);
      this.#add(client, waiter);
    });
  }

  /** Gives the place to whoever is next. */
  leave(): void {
    this.#inFlight -= 1;
    this.#letIn();
    if (this.#inFlight + this.#queued === 0) this.#onIdle?.();
  }

  /** Lets the first of the line whose turn it is enter, if there is a place. */
  #letIn(): boolean {
    if (this.#queued === 0 || this.#inFlight >= this.#places) return false;
    const [turn] = this.#lines;
    if (!turn) return false;
    const [client, line] = turn;
    const [waiter] = line;
    if (!waiter) return false;
    this.#remove(client, waiter);
    if (line.size > 0) {
      this.#lines.delete(client);
      this.#lines.set(client, line);
    }
    this.#inFlight += 1;
    waiter.enter();
    return true;
  }

  #add(client: string, waiter: Waiter): void {
    const line = this.#lines.get(client) ?? new Set();
    line.add(waiter);
    this.#lines.set(client, line);
    this.#queued += 1;
  }

  #remove(client: string, waiter: Waiter): void {
    const line = this.#lines.get(client);
    if (!line?.delete(waiter)) return;
    this.#queued -= 1;
    if (line.size === 0) this.#lines.delete(client);
  }

  #overloaded(): ProxyError {
    return new ProxyError(
      'overloaded',
      `${this.#inFlight} requests are in flight to this org (limits.concurrency) and no place came free within limits.queue_timeout; ${this.#queued} more are waiting.`,
      { retryAfterSeconds: Math.max(1, Math.ceil(this.#timeoutMs / 1000)) },
    );
  }
}
