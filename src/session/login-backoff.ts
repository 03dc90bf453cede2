// How long a login that failed is left alone. Salesforce locks a user out for an hour after about 3,600 logins, so nothing
// that failed is tried again at the pace of the requests.
import type { ProxyError } from '../errors.ts';

const firstMs = 30_000;
const longestMs = 5 * 60_000;
const rateExceededMs = 15 * 60_000;

export class LoginBackoff {
  #failures = 0;
  #untilMs = 0;
  #error: ProxyError | undefined;

  /** A refusal that will be the same until somebody changes something. Returns how long it is remembered, in ms. */
  refused(error: ProxyError | undefined, nowMs: number): number {
    const step =
      error?.code === 'login_rate_exceeded'
        ? rateExceededMs
        : Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures += 1;
    this.#remember(error, nowMs + step);
    return step;
  }

  /** The endpoint could not be asked: no more tries until then, and no longer wait after the next failure. */
  unavailable(error: ProxyError, untilMs: number): void {
    this.#remember(error, untilMs);
  }

  #remember(error: ProxyError | undefined, untilMs: number): void {
    this.#error = error;
    this.#untilMs = untilMs;
  }

  /** Milliseconds until the next exchange may be made; 0: now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#untilMs - nowMs);
  }

  /** The failure that is remembered, if it was one that a client should see. */
  get error(): ProxyError | undefined {
    return this.#error;
  }

  clear(): void {
    this.#failures = 0;
    this.#untilMs = 0;
    this.#error = undefined;
  }
}
