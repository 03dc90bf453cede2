// The org's API budget: what is left of it is for those who were told to matter. Once the day's limit is spent, Salesforce
// refuses everything, production's own integrations included; so ours stop before.
import { ProxyError } from '../errors.ts';
import type { ApiUsage } from '../salesforce/api-usage.ts';

/** A request is let through this often, to learn whether usage has fallen (it is a rolling 24 hours). */
const probeEveryMs = 60_000;

export class ApiBudget {
  #stopPercent: number;
  readonly #now: () => number;
  // Numbers that are written in place: every request and every answer comes by here, of each org in turn.
  #used: number | undefined;
  #limit = 0;
  #isSpent = false;
  #probedAtMs = Number.NEGATIVE_INFINITY;

  /** @param stopPercent of the daily limit; 0: never */
  constructor(stopPercent: number, now: () => number) {
    this.#stopPercent = stopPercent;
    this.#now = now;
  }

  configure(stopPercent: number): void {
    this.#stopPercent = stopPercent;
    this.#judge();
  }

  get stopPercent(): number {
    return this.#stopPercent;
  }

  /** What Salesforce said last; undefined until it has. */
  get usage(): ApiUsage | undefined {
    return this.#used === undefined ? undefined : { used: this.#used, limit: this.#limit };
  }

  note({ used, limit }: ApiUsage): void {
    this.#used = used;
    this.#limit = limit;
    this.#judge();
    // Fresh news of a spent budget: whoever asks next waits a whole interval.
    if (this.#isSpent) this.#probedAtMs = Math.max(this.#probedAtMs, this.#now());
  }

  /** @throws ProxyError `api_budget_spent`, with the numbers */
  check(org: string): void {
    if (!this.#isSpent) return;
    const waitMs = this.#probedAtMs + probeEveryMs - this.#now();
    if (waitMs <= 0) {
      this.#probedAtMs = this.#now();
      return;
    }
    throw new ProxyError(
      'api_budget_spent',
      `Org "${org}" has used ${this.#used} of its ${this.#limit} API requests of the last 24 hours, and the proxy stops at ${this.#stopPercent} % (limits.api_usage_stop). A client with priority: high may go on.`,
      { retryAfterSeconds: Math.ceil(waitMs / 1000) },
    );
  }

  #judge(): void {
    const used = this.#used ?? 0;
    this.#isSpent =
      this.#stopPercent > 0 && this.#limit > 0 && used * 100 >= this.#limit * this.#stopPercent;
  }
}
