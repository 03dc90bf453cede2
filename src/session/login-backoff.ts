// How long what failed is left alone: 30 s, doubling to 5 min. Salesforce locks a user out for an hour after about 3,600
// logins, so nothing that failed is tried again at the pace of the requests.

const firstMs = 30_000;
const longestMs = 5 * 60_000;

export class LoginBackoff {
  #failures = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** It failed, and will fail again until somebody changes something. */
  failed(nowMs: number): void {
    // After a long quiet time the steps begin anew.
    if (nowMs - this.#untilMs > longestMs) this.#failures = 0;
    this.#untilMs = nowMs + Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures += 1;
  }

  /** It is known how long: no longer wait after the next failure. */
  holdUntil(untilMs: number): void {
    this.#untilMs = untilMs;
  }

  /** Milliseconds until the next try may be made; 0: now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#untilMs - nowMs);
  }

  clear(): void {
    this.#failures = 0;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
