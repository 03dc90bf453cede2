// The life of the session of one (org, Salesforce user): two requests, one login. A session is rejected by its token, so
// that a late 401 cannot kill a fresh one; an exchange belongs to nobody, so that a client that leaves aborts no one's.
import { ProxyError } from '../errors.ts';
import type { Api } from '../salesforce/session-carrier.ts';
import { LoginBackoff } from './login-backoff.ts';
import { Renewals } from './renewals.ts';
import type { Session } from './session.ts';
import { untilAborted } from './until-aborted.ts';

export interface SessionManagerOptions {
  /** One exchange, with its retries; ends within the login timeout, whatever the endpoint does. */
  readonly login: () => Promise<Session>;
  /** Changes when the key or the configuration did: then a remembered failure means nothing any more. */
  readonly credentialsVersion: () => string;
  readonly loginTimeoutMs: number;
  readonly now: () => number;
  readonly onEvent: (event: SessionEvent) => void;
}

export type SessionState = 'none' | 'logging_in' | 'ready' | 'failed';

export type SessionEvent =
  | { readonly type: 'login_failed'; readonly error: ProxyError }
  | { readonly type: 'session_rejected'; readonly ageMs: number }
  | {
      readonly type: 'session_not_renewed';
      readonly why: 'same_token' | 'dead_on_arrival';
      readonly retryAfterMs: number;
    }
  | { readonly type: 'instance_moved'; readonly from: string; readonly to: string };

/** How often at most a login is made only to learn whether the org has moved. */
const relearnEveryMs = 60_000;
const rateExceededMs = 15 * 60_000;

export class SessionManager {
  readonly #options: SessionManagerOptions;
  #current: Session | undefined;
  /** What the next login is to replace. */
  #rejected: Session | undefined;
  #flight: Promise<Session> | undefined;

  readonly #loginBackoff = new LoginBackoff();
  #lastFailure: ProxyError | undefined;
  #lastLoginAtMs: number | undefined;
  /** The credentials of the last login that ended, well or not. */
  #lastLoginVersion = '';
  readonly #renewals = new Renewals();
  /** Whose end has been told already. */
  #givenUp: Session | undefined;
  #relearnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
  }

  /** The session to use now, where no login is needed. */
  get current(): Session | undefined {
    return this.#current;
  }

  get state(): SessionState {
    if (this.#current) return 'ready';
    if (this.#flight !== undefined) return 'logging_in';
    return this.#lastFailure ? 'failed' : 'none';
  }

  /** Why the last login failed; undefined when it did not. */
  get lastFailure(): ProxyError | undefined {
    return this.#lastFailure;
  }

  /** When the last login ended, well or not. */
  get lastLoginAtMs(): number | undefined {
    return this.#lastLoginAtMs;
  }

  /**
   * The session to use, after a login if there is none; all who ask meanwhile share it.
   * @param signal gives up waiting, and leaves the login to the others
   * @throws ProxyError `login_*` or `instance_forbidden`, from memory while a failure is remembered
   */
  async acquire(signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted();
    if (this.#current) return this.#current;
    if (!this.#flight) {
      const waitMs = this.#loginWaitMs();
      if (waitMs > 0 && this.#lastFailure) throw withRetryAfter(this.#lastFailure, waitMs);
    }
    return untilAborted(this.#flight ?? this.#startFlight(), signal);
  }

  /** Salesforce accepted this session. */
  prove(session: Session, api: Api): void {
    session.provenAtMs = this.#options.now();
    if (session === this.#current) this.#renewals.accepted(api, session);
  }

  /**
   * Salesforce refused this session: the next `acquire` logs in. Without effect where the session is not the present one
   * any more, and where a login would be one too many: then `acquire` keeps giving this session, and whoever uses it gets
   * Salesforce's own answer.
   * @param willReplay this request is sent again with the next session, and so will tell whether the login helped
   */
  reject(session: Session, api: Api, { willReplay }: { readonly willReplay: boolean }): void {
    // Also where it comes late: otherwise tokens that are dead on arrival loop while other requests overtake the replays.
    if (!willReplay) this.#renewals.heard(api);
    if (session !== this.#current || this.#loginWaitMs() > 0) return;
    const nowMs = this.#options.now();
    const waitMs = this.#renewals.waitMs(api, nowMs);
    if (waitMs > 0) {
      this.#renewals.barred(api, session);
      this.#giveUp(session, 'dead_on_arrival', waitMs);
      return;
    }
    this.#renewals.began(api, nowMs);
    this.#current = undefined;
    this.#rejected = session;
    this.#options.onEvent({ type: 'session_rejected', ageMs: nowMs - session.issuedAtMs });
  }

  /** What this API had refused with the old session, it took with the new one. */
  renewalHelped(api: Api): void {
    this.#renewals.helped(api);
  }

  /**
   * The instance cannot be reached: has the org moved? At most once a minute this asks by a login; otherwise, and when that
   * fails, the session comes back as it was.
   */
  async relearn(session: Session, signal?: AbortSignal): Promise<Session> {
    if (session !== this.#current) return this.acquire(signal);
    if (!this.#flight) {
      const nowMs = this.#options.now();
      if (nowMs - this.#relearnedAtMs < relearnEveryMs) return session;
      if (this.#loginWaitMs() > 0) return session;
      this.#relearnedAtMs = nowMs;
    }
    const flight = this.#flight ?? this.#startFlight();
    return untilAborted(
      flight.catch(() => session),
      signal,
    );
  }

  /** Drops the session and every remembered failure: the next request logs in. */
  reset(): void {
    this.#current = undefined;
    this.#rejected = undefined;
    this.#lastFailure = undefined;
    this.#forgetFailures();
  }

  #startFlight(): Promise<Session> {
    const flight = this.#fly();
    this.#flight = flight;
    // Whoever waits sees the failure; where nobody waits any more it is no unhandled rejection.
    flight.catch(() => {});
    return flight;
  }

  async #fly(): Promise<Session> {
    const startedAtMs = this.#options.now();
    // Taken before the login: a key that changes during it must not be taken for the one that failed.
    const version = this.#options.credentialsVersion();
    let outcome: Session | ProxyError;
    try {
      outcome = await this.#options.login();
    } catch (error) {
      outcome = asLoginFailure(error);
    }
    this.#flight = undefined;
    this.#lastLoginAtMs = this.#options.now();
    this.#lastLoginVersion = version;
    if (outcome instanceof ProxyError) throw this.#failed(outcome, startedAtMs);
    return this.#landed(outcome);
  }

  #landed(session: Session): Session {
    const previous = this.#current ?? this.#rejected;
    const isRenewal = this.#current === undefined;
    this.#loginBackoff.clear();
    this.#lastFailure = undefined;
    this.#rejected = undefined;
    if (previous?.isSameAs(session)) {
      // Identity tells the waiting requests that there is nothing new to replay with.
      this.#current = previous;
      if (isRenewal) {
        const waitMs = this.#renewals.broughtTheSame(previous, this.#options.now());
        this.#giveUp(previous, 'same_token', waitMs);
      }
      return previous;
    }
    this.#current = session;
    const [from, to] = [previous?.instance.origin, session.instance.origin];
    if (from !== undefined && from !== to) {
      this.#options.onEvent({ type: 'instance_moved', from, to });
    }
    return session;
  }

  #failed(error: ProxyError, startedAtMs: number): ProxyError {
    const { now, loginTimeoutMs, onEvent } = this.#options;
    const backoff = this.#loginBackoff;
    if (error.code === 'login_unavailable') backoff.holdUntil(startedAtMs + loginTimeoutMs);
    else if (error.code === 'login_rate_exceeded') backoff.holdUntil(now() + rateExceededMs);
    else backoff.failed(now());
    this.#lastFailure = error;
    onEvent({ type: 'login_failed', error });
    return withRetryAfter(error, backoff.waitMs(now()));
  }

  /** Told once for a session, not once for every request that it is refused to. */
  #giveUp(session: Session, why: 'same_token' | 'dead_on_arrival', retryAfterMs: number): void {
    if (why === 'dead_on_arrival' && session === this.#givenUp) return;
    this.#givenUp = session;
    this.#options.onEvent({ type: 'session_not_renewed', why, retryAfterMs });
  }

  /**
   * How long no login is to be made. A key that was changed since the last login ends whatever was remembered, of renewals
   * too.
   */
  #loginWaitMs(): number {
    if (this.#options.credentialsVersion() !== this.#lastLoginVersion) this.#forgetFailures();
    return this.#loginBackoff.waitMs(this.#options.now());
  }

  #forgetFailures(): void {
    this.#loginBackoff.clear();
    this.#renewals.forget();
  }
}

function asLoginFailure(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  const message = 'The login failed by a fault of the proxy itself; its log says more.';
  return new ProxyError('internal', message, { cause: error });
}

/** A refusal waits for a human, not for time. */
function withRetryAfter(error: ProxyError, waitMs: number): ProxyError {
  if (error.code !== 'login_unavailable' && error.code !== 'login_rate_exceeded') return error;
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ProxyError(error.code, error.message, { cause: error.cause, retryAfterSeconds });
}
