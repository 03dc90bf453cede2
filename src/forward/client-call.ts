// One call of a client, as the forwarding code sees it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Upstream } from '../connections/upstream.ts';
import type { ApiBudget } from '../limits/api-budget.ts';
import type { Api } from '../salesforce/session-carrier.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { ClientPresence } from './client-presence.ts';
import type { ReplayBody } from './replay-body.ts';
import type { StreamLane } from './stream-lane.ts';

export interface ClientCall {
  readonly requestId: string;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly api: Api;
  /** Path and query, byte for byte. */
  readonly target: string;
  readonly body: ReplayBody;
  readonly presence: ClientPresence;
  readonly trace: CallTrace;
}

/** What forwarding notes for the access log. */
export interface CallTrace {
  /** Waiting for a place among the requests in flight. */
  waitingMs: number;
  /** Waiting for logins; 0 where none was needed. */
  loginMs: number;
  replayed: boolean;
  /** From sending to the head of Salesforce's answer. */
  upstreamMs: number | undefined;
}

/** What forwarding needs of one org and one of its users. */
export interface Destination {
  readonly sessions: SessionManager;
  readonly upstream: Upstream;
  readonly streamLane: StreamLane;
  readonly budget: ApiBudget;
  readonly responseTimeoutMs: number;
}
