// The last brake: whatever Salesforce answers, a session is not renewed more often than this. It is half of the logins at
// which a user is locked out, and far more than any org that works ever needs.

export const mostRenewals = 300;
const withinMs = 10 * 60_000;

export class RenewalLimit {
  readonly #renewedAtMs: number[] = [];

  renewed(nowMs: number): void {
    this.#renewedAtMs.push(nowMs);
    if (this.#renewedAtMs.length > mostRenewals) this.#renewedAtMs.shift();
  }

  /** Milliseconds until the next renewal may be made; 0: now. */
  waitMs(nowMs: number): number {
    const [oldest = 0] = this.#renewedAtMs;
    return this.#renewedAtMs.length < mostRenewals ? 0 : Math.max(0, oldest + withinMs - nowMs);
  }
}
