// The life of the session of one (org, Salesforce user): two requests, one login. A session is rejected by its token, so
// that a late 401 cannot kill a fresh one; an exchange belongs to nobody, so that a client that leaves aborts no one's.
import { ProxyError } from '../errors.ts';
import type { LoginBackoff } from './login-backoff.ts';
import type { Session } from './session.ts';

export interface SessionManagerOptions {
  /** One exchange, with its retries; ends within the login timeout, whatever the endpoint does. */
  readonly login: () => Promise<Session>;
  readonly backoff: LoginBackoff;
  /** Changes when the key or the configuration did: then a remembered failure means nothing any more. */
  readonly credentialsVersion: () => string;
  readonly loginTimeoutMs: number;
  readonly now: () => number;
  readonly onEvent: (event: SessionEvent) => void;
}

export type SessionEvent =
  | { readonly type: 'login_failed'; readonly error: ProxyError }
  | { readonly type: 'session_rejected'; readonly ageMs: number }
  | {
      readonly type: 'session_not_renewed';
      readonly why: 'same_token' | 'dead_on_arrival';
      readonly retryAfterMs: number;
    }
  | { readonly type: 'instance_moved'; readonly from: string; readonly to: string };

/** A renewed session that is refused within this time, and was never accepted, was dead on arrival. */
const arrivalMs = 60_000;
/** How often at most a login is made only to learn whether the org has moved. */
const relearnEveryMs = 60_000;

export class SessionManager {
  readonly #options: SessionManagerOptions;
  #current: Session | undefined;
  /** The session that the present one replaces, or is to replace. */
  #rejected: Session | undefined;
  #flight: Promise<Session> | undefined;
  #lastLoginVersion = '';
  #relearnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
  }

  /** The session to use now, where no login is needed. */
  get current(): Session | undefined {
    return this.#current;
  }

  /**
   * The session to use, after a login if there is none; all who ask meanwhile share it.
   * @param signal gives up waiting, and leaves the login to the others
   * @throws ProxyError `login_*` or `instance_forbidden`, from memory while a failure is remembered
   */
  acquire(signal?: AbortSignal): Promise<Session> {
    if (this.#current) return Promise.resolve(this.#current);
    try {
      this.#flight ??= this.#startFlight();
    } catch (error) {
      return Promise.reject(error);
    }
    return untilAborted(this.#flight, signal);
  }

  /** Salesforce accepted this session. */
  prove(session: Session): void {
    if (session.provenAtMs === undefined && session === this.#current) {
      this.#rejected = undefined;
      this.#options.backoff.clear();
    }
    session.provenAtMs = this.#options.now();
  }

  /**
   * Salesforce refused this session: the next `acquire` logs in. Without effect where the session is not the present one
   * any more, and where a login would be one too many: then `acquire` keeps giving this session, and whoever uses it gets
   * Salesforce's own answer.
   */
  reject(session: Session): void {
    if (session !== this.#current || this.#suspended()) return;
    const { now } = this.#options;
    const ageMs = now() - session.issuedAtMs;
    const isRenewed = this.#rejected !== undefined;
    if (isRenewed && session.provenAtMs === undefined && ageMs < arrivalMs) {
      this.#giveUpRenewing('dead_on_arrival');
      return;
    }
    this.#current = undefined;
    this.#rejected = session;
    this.#options.onEvent({ type: 'session_rejected', ageMs });
  }

  /**
   * The instance cannot be reached: has the org moved? At most once a minute this asks by a login; otherwise, and when that
   * fails, the session comes back as it was.
   */
  async relearn(session: Session, signal?: AbortSignal): Promise<Session> {
    if (session !== this.#current) return this.acquire(signal);
    const nowMs = this.#options.now();
    if (!this.#flight) {
      if (this.#suspended() || nowMs - this.#relearnedAtMs < relearnEveryMs) return session;
      this.#relearnedAtMs = nowMs;
      this.#flight = this.#fly();
    }
    return untilAborted(
      this.#flight.catch(() => session),
      signal,
    );
  }

  /** Drops the session and every remembered failure: the next request logs in. */
  reset(): void {
    this.#current = undefined;
    this.#rejected = undefined;
    this.#options.backoff.clear();
  }

  #suspended(): boolean {
    const { backoff, now, credentialsVersion } = this.#options;
    if (backoff.waitMs(now()) === 0) return false;
    if (credentialsVersion() === this.#lastLoginVersion) return true;
    backoff.clear();
    return false;
  }

  #startFlight(): Promise<Session> {
    if (this.#suspended()) throw this.#remembered();
    return this.#fly();
  }

  #fly(): Promise<Session> {
    const startedAtMs = this.#options.now();
    // Taken before the login: a key that changes during it must not be taken for the one that failed.
    const version = this.#options.credentialsVersion();
    const flight = this.#options.login().then(
      (session) => this.#landed(session, version),
      (error: unknown) => {
        throw this.#failed(error, startedAtMs, version);
      },
    );
    const settled = flight.finally(() => {
      this.#flight = undefined;
    });
    // Whoever waits sees the failure; where nobody waits any more it is no unhandled rejection.
    settled.catch(() => {});
    return settled;
  }

  #landed(session: Session, version: string): Session {
    const previous = this.#current ?? this.#rejected;
    const isSame = previous?.isSameAs(session) ?? false;
    if (previous && isSame) {
      // Identity tells the waiting requests that there is nothing new to replay with.
      const wasRejected = this.#current === undefined;
      this.#current = previous;
      this.#lastLoginVersion = version;
      if (wasRejected) this.#giveUpRenewing('same_token');
      return previous;
    }
    if (previous && previous.instance.origin !== session.instance.origin) {
      this.#options.onEvent({
        type: 'instance_moved',
        from: previous.instance.origin,
        to: session.instance.origin,
      });
    }
    this.#lastLoginVersion = version;
    this.#current = session;
    return session;
  }

  #giveUpRenewing(why: 'same_token' | 'dead_on_arrival'): void {
    const retryAfterMs = this.#options.backoff.refused(undefined, this.#options.now());
    this.#options.onEvent({ type: 'session_not_renewed', why, retryAfterMs });
  }

  #failed(error: unknown, startedAtMs: number, version: string): unknown {
    if (!(error instanceof ProxyError)) return error;
    const { backoff, now, loginTimeoutMs, onEvent } = this.#options;
    this.#lastLoginVersion = version;
    if (error.code === 'login_unavailable') {
      backoff.unavailable(error, startedAtMs + loginTimeoutMs);
    } else {
      backoff.refused(error, now());
    }
    onEvent({ type: 'login_failed', error });
    return this.#remembered();
  }

  #remembered(): ProxyError {
    const { backoff, now } = this.#options;
    const { error } = backoff;
    const retryAfterSeconds = Math.max(1, Math.ceil(backoff.waitMs(now()) / 1000));
    // No session although a renewal was given up: only a reset meanwhile leads here.
    if (!error) {
      const message = 'The last login brought no session that Salesforce accepts.';
      return new ProxyError('login_unavailable', message, { retryAfterSeconds });
    }
    // A refusal waits for a human, not for time.
    if (error.code === 'login_rejected' || error.code === 'instance_forbidden') return error;
    return new ProxyError(error.code, error.message, { cause: error.cause, retryAfterSeconds });
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
