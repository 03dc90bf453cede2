// What the middleware of the data listener shares about one request.
import type { HttpBindings } from '@hono/node-server';
import type { CallTrace, Destination } from '../forward/client-call.ts';
import type { ReplayBody } from '../forward/replay-body.ts';
import type { ApiBudget } from '../limits/api-budget.ts';
import type { FairQueue } from '../limits/fair-queue.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { Policy } from '../policy/policy.ts';
import type { RequestTarget } from '../policy/request-target.ts';
import type { Api } from '../salesforce/session-carrier.ts';

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
  /** The way to the org, as one of its Salesforce users; undefined: the org's own. */
  destination(username: string | undefined): Destination;
}

export interface ProxyEnv {
  Bindings: HttpBindings & {
    /** The org to which the listener belongs that the request came in by. */
    readonly listenerOrg?: Org | undefined;
    /** Its peers have no address. */
    readonly isUnixSocket?: boolean;
  };
  Variables: {
    readonly requestId: string;
    readonly trace: CallTrace;
    /** Aborts when the client goes away. */
    readonly signal: AbortSignal;
    /** The Host header's name. */
    readonly host: string;
    /** For the page that asks, on every answer; undefined where none does. */
    readonly corsHeaders: readonly string[] | undefined;
    readonly target: RequestTarget;
    readonly api: Api;
    /** Reads the body at the first call. */
    readonly holdBody: () => Promise<ReplayBody>;
    readonly client: Client | undefined;
    readonly org: Org;
  };
}
