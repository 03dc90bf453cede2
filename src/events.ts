// What happened, as facts: the one union that every sink (log, and whatever else listens) reads, so that no two of them can
// disagree. No fact holds a secret, a query string or a body.
import type { ProxyError } from './errors.ts';

export type Event =
  | { readonly type: 'listening'; readonly address: string }
  /** Whoever reaches this address can use the orgs, or could with one more key in the configuration. */
  | { readonly type: 'open_to_network'; readonly address: string }
  | { readonly type: 'stopping'; readonly signal: string }
  | {
      readonly type: 'request';
      readonly method: string;
      /** Without its query: SOQL holds personal data. */
      readonly path: string;
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
