// What happened, as facts: the one union that every sink (log, and whatever else listens) reads, so that no two of them can
// disagree. No fact holds a secret, a query string or a body.
import type { ProxyError } from './errors.ts';

export type Event =
  | { readonly type: 'listening'; readonly address: string }
  /** Dashboard, metrics and probes. */
  | { readonly type: 'admin_listening'; readonly address: string }
  /** The default address is in use, and nobody asked for it. */
  | { readonly type: 'admin_unavailable'; readonly error: ProxyError }
  /** Whoever reaches this address can use the orgs, or could with one more key in the configuration. */
  | { readonly type: 'open_to_network'; readonly address: string }
  /** `needsRestart`: what changed in the configuration and stays as it was until then. */
  | { readonly type: 'reloaded'; readonly needsRestart: readonly string[] }
  /** The new configuration is refused, and the old one goes on. */
  | { readonly type: 'reload_refused'; readonly error: ProxyError }
  /** The end of draining; `isClean`: no request was cut. */
  | { readonly type: 'stopped'; readonly isClean: boolean }
  | { readonly type: 'stopping'; readonly signal: string }
  | {
      readonly type: 'request';
      readonly requestId: string;
      readonly method: string;
      /** Without its query: SOQL holds personal data. */
      readonly path: string;
      /** Only where `log.query` asks for it. */
      readonly query: string | undefined;
      readonly org: string | undefined;
      readonly client: string | undefined;
      /** 0 when the client left before there was one. */
      readonly status: number;
      readonly bytes: number;
      readonly durationMs: number;
      /** Waiting for a place among those in flight, and for logins. */
      readonly waitingMs: number;
      readonly loginMs: number;
      readonly upstreamMs: number | undefined;
      readonly replayed: boolean;
      readonly error: ProxyError | undefined;
      /** The client left, or its connection was cut, before the whole answer was sent. */
      readonly cut: boolean;
    }
  | {
      readonly type: 'logged_in';
      readonly org: string;
      readonly username: string;
      readonly instance: string;
      readonly durationMs: number;
    }
  | {
      readonly type: 'login_retry';
      readonly org: string;
      readonly username: string;
      readonly attempt: number;
      readonly why: string;
    }
  | {
      readonly type: 'login_failed';
      readonly org: string;
      readonly username: string;
      readonly error: ProxyError;
    }
  | {
      readonly type: 'session_rejected';
      readonly org: string;
      readonly username: string;
      readonly ageMs: number;
    }
  | {
      readonly type: 'session_not_renewed';
      readonly org: string;
      readonly username: string;
      /** Salesforce gave the token again that it had just refused, or refused a fresh one at once. */
      readonly why: 'same_token' | 'dead_on_arrival';
      readonly retryAfterMs: number;
    }
  | {
      readonly type: 'instance_moved';
      readonly org: string;
      readonly username: string;
      readonly from: string;
      readonly to: string;
    }
  | {
      readonly type: 'certificate';
      readonly org: string;
      readonly standing: 'valid' | 'expires_soon' | 'expired';
      readonly validTo: string;
      readonly daysLeft: number;
    }
  | { readonly type: 'bug'; readonly error: unknown };

export type Emit = (event: Event) => void;

export type RequestEvent = Extract<Event, { type: 'request' }>;

export interface Teller {
  readonly emit: Emit;
  /** Tells what has been gathered: for whoever is about to look. */
  readonly flush: () => void;
}

/** Requests gather this long, up to this many. */
const gatherMs = 10;
const mostGathered = 64;

/**
 * Every sink gets every event, in order; one that fails is reported to the others, and stops neither them nor the request.
 * Requests are gathered, and told to one sink after the other: the same work done many times in a row is much cheaper than
 * now and then between other work (docs/performance.md).
 */
export function fanOut(sinks: readonly Emit[]): Teller {
  let gathered: RequestEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const requests = gathered;
    gathered = [];
    for (const sink of sinks) for (const request of requests) tell(sink, request, sinks);
  };
  return {
    flush,
    emit: (event) => {
      if (event.type === 'request') {
        if (gathered.push(event) === mostGathered) flush();
        else timer ??= setTimeout(flush, gatherMs);
      } else {
        if (gathered.length > 0) flush();
        for (const sink of sinks) tell(sink, event, sinks);
      }
    },
  };
}

function tell(sink: Emit, event: Event, sinks: readonly Emit[]): void {
  try {
    sink(event);
  } catch (error) {
    // It may be the reporting that fails: that is not reported again.
    if (event.type === 'bug') return;
    for (const other of sinks) if (other !== sink) tell(other, { type: 'bug', error }, []);
  }
}

/**
 * How a request ended, in few words: `ok`, `client_error` and `server_error` (Salesforce's answers under 400, under 500 and
 * from 500), `cut` (whoever asked did not get the whole answer) or `proxy_error:<code>`.
 */
export function outcomeOf({ error, cut, status }: RequestEvent): string {
  if (error) return `proxy_error:${error.code}`;
  if (cut) return 'cut';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'client_error' : 'ok';
}
