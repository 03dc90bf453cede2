// How often a user may log in: Salesforce stops at about 3,600 logins an hour, then refuses every further one.
// Authority: salesforce-facts.md section 1, "Login rate limit".

import type { User } from './directory.ts';

const hourMs = 3_600_000;
const salesforceLimit = 3600;

export class LoginRate {
  readonly #now: () => number;
  readonly #loginsAtMs = new Map<string, number[]>();
  limit = salesforceLimit;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a login; false when the user had its share of this hour already. */
  count({ id }: User): boolean {
    const now = this.#now();
    const recent = (this.#loginsAtMs.get(id) ?? []).filter((atMs) => now - atMs < hourMs);
    const isWithin = recent.length < this.limit;
    if (isWithin) recent.push(now);
    this.#loginsAtMs.set(id, recent);
    return isWithin;
  }

  /** A new limit starts with a clean count. */
  setLimit(limit: number | null): void {
    this.limit = limit ?? salesforceLimit;
    this.#loginsAtMs.clear();
  }
}
