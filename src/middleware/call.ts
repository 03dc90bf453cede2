// One request at the data listener: what the middleware has found out about it so far, and when it is over.
import type { HttpBindings } from '@hono/node-server';
import type { CallTrace } from '../forward/client-call.ts';
import { ClientPresence } from '../forward/client-presence.ts';
import type { ReplayBody } from '../forward/replay-body.ts';
import type { RequestTarget } from '../policy/request-target.ts';
import type { Api } from '../salesforce/session-carrier.ts';
import type { Client, Org } from './org-and-client.ts';

/** What Hono hands on from the listener: the request as Node has it. */
export interface ProxyBindings extends HttpBindings {
  /** The org to which the listener belongs that the request came in by. */
  readonly listenerOrg: Org | undefined;
  /** Its peers have no address. */
  readonly isUnixSocket: boolean;
}

/**
 * One step of a request. It throws to refuse it, and returns `answered` once the answer is sent or under way; else the next
 * one follows, at once where nothing had to be waited for.
 */
export type Middleware = (call: Call) => Outcome | Promise<Outcome>;
export type Outcome = 'answered' | undefined;

export class Call {
  readonly incoming: HttpBindings['incoming'];
  readonly outgoing: HttpBindings['outgoing'];
  readonly listenerOrg: Org | undefined;
  readonly isUnixSocket: boolean;
  readonly presence = new ClientPresence();
  readonly trace: CallTrace = { replayed: false, waitingMs: 0, loginMs: 0, upstreamMs: undefined };
  requestId = '';
  /** The Host header's name. */
  host = '';
  /** Flat name-value pairs for the page that asks, on every answer; undefined where none does. */
  corsHeaders: readonly string[] | undefined;
  target!: RequestTarget;
  api!: Api;
  /** Reads the body at the first call. */
  holdBody!: () => ReplayBody | Promise<ReplayBody>;
  client: Client | undefined;
  org!: Org;
  /** Why the request was refused or failed. */
  error: unknown;
  /** Among the open ones: middleware/open-calls.ts. */
  place = -1;
  readonly #endings: (() => void)[] = [];
  #isHandled = false;
  #isClosed = false;

  constructor({ incoming, outgoing, listenerOrg, isUnixSocket }: ProxyBindings) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.listenerOrg = listenerOrg;
    this.isUnixSocket = isUnixSocket;
  }

  /**
   * `ending` runs when the request is over: no middleware works for it, and its answer has left or its connection is gone.
   * The last that was added runs first, so that a place is free before anybody tells of it.
   */
  whenOver(ending: () => void): void {
    this.#endings.push(ending);
  }

  /** No middleware works for it any more. */
  handled(): void {
    this.#isHandled = true;
    this.#endIfOver();
  }

  /** Its answer has left, or its connection is gone. */
  closed(): void {
    this.#isClosed = true;
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (!this.#isHandled || !this.#isClosed) return;
    for (let ending = this.#endings.pop(); ending; ending = this.#endings.pop()) ending();
  }
}
