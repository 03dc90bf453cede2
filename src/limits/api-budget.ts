// The org's API budget: what is left of it is for those who were told to matter. Once the day's limit is spent, Salesforce
// refuses everything, production's own integrations included; so ours stop before.
import { ProxyError } from '../errors.ts';
import type { ApiUsage } from '../salesforce/api-usage.ts';

/** A request is let through this often, to learn whether usage has fallen (it is a rolling 24 hours). */
const probeEveryMs = 60_000;

export class ApiBudget {
  #stopPercent: number;
  readonly #now: () => number;
  #usage: ApiUsage | undefined;
  #probedAtMs = Number.NEGATIVE_INFINITY;

  /** @param stopPercent of the daily limit; 0: never */
  constructor(stopPercent: number, now: () => number) {
    this.#stopPercent = stopPercent;
    this.#now = now;
  }

  configure(stopPercent: number): void {
    this.#stopPercent = stopPercent;
  }

  get stopPercent(): number {
    return this.#stopPercent;
  }

  /** What Salesforce said last; undefined until it has. */
  get usage(): ApiUsage | undefined {
    return this.#usage;
  }

  note(usage: ApiUsage): void {
    // Fresh news of a spent budget: whoever asks next waits a whole interval.
    this.#usage = usage;
    if (this.#isSpent(usage)) this.#probedAtMs = Math.max(this.#probedAtMs, this.#now());
  }

  /** @throws ProxyError `api_budget_spent`, with the numbers */
  check(org: string): void {
    const usage = this.#usage;
    if (!usage || !this.#isSpent(usage)) return;
    const waitMs = this.#probedAtMs + probeEveryMs - this.#now();
    if (waitMs <= 0) {
      this.#probedAtMs = this.#now();
      return;
    }
    throw new ProxyError(
      'api_budget_spent',
      `Org "${org}" has used ${usage.used} of its ${usage.limit} API requests of the last 24 hours, and the proxy stops at ${this.#stopPercent} % (limits.api_usage_stop). A client with priority: high may go on.`,
      { retryAfterSeconds: Math.ceil(waitMs / 1000) },
    );
  }

  #isSpent({ used, limit }: ApiUsage): boolean {
    return this.#stopPercent > 0 && limit > 0 && used * 100 >= limit * this.#stopPercent;
  }
}
