// What the middleware of the data listener shares about one request.
import type { HttpBindings } from '@hono/node-server';
import type { CallTrace, Destination } from '../forward/client-call.ts';
import type { ReplayBody } from '../forward/replay-body.ts';
import type { RequestTarget } from '../policy/request-target.ts';
import type { Api } from '../salesforce/session-carrier.ts';

/** One configured org, ready to be used. */
export interface Org {
  readonly name: string;
  /** The way to the org, as one of its Salesforce users; undefined: the org's own. */
  destination(username: string | undefined): Destination;
}

export interface ProxyEnv {
  Bindings: HttpBindings;
  Variables: {
    readonly trace: CallTrace;
    /** Aborts when the client goes away. */
    readonly signal: AbortSignal;
    readonly target: RequestTarget;
    readonly org: Org;
    readonly api: Api;
    readonly body: ReplayBody;
  };
}
