// Who calls and where it may go, as the middleware knows them: a client and an org of the configuration, ready to be used.
import type { Destination } from '../forward/client-call.ts';
import type { ApiBudget } from '../limits/api-budget.ts';
import type { FairQueue } from '../limits/fair-queue.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { Policy } from '../policy/policy.ts';

/** A caller that is known by its key or certificate, and what it is bound to. */
export interface Client {
  readonly name: string;
  readonly keySha256: string | undefined;
  readonly certificateName: string | undefined;
  readonly org: Org | undefined;
  /** The Salesforce user that it acts as; undefined: the org's own. */
  readonly username: string | undefined;
  /** Instead of the org's. */
  readonly policy: Policy | undefined;
  readonly priority: 'normal' | 'high';
  readonly rateLimiter: RateLimiter | undefined;
}

/** One configured org, ready to be used. */
export interface Org {
  readonly name: string;
  readonly policy: Policy;
  readonly queue: FairQueue;
  readonly budget: ApiBudget;
  /** The way to the org, as its own Salesforce user. */
  readonly destination: Destination;
  /** As another of its users. */
  destinationAs(username: string): Destination;
}
