// Is one more renewal of the session one too many? By API: one that refuses every session (SOAP those in the format of a JWT)
// takes no renewal from the others.
import type { Api } from '../salesforce/session-carrier.ts';
import { LoginBackoff } from './login-backoff.ts';
import { RenewalLimit } from './renewal-limit.ts';
import type { Session } from './session.ts';

export class Renewals {
  /** Each renewal counts as a failure until it has helped. */
  readonly #backoffs = new Map<Api, LoginBackoff>();
  /** APIs of whose last renewal nothing has been heard yet: it may be that all who waited for it have left. */
  readonly #unheard = new Set<Api>();
  /** The session that an API refused although a renewal had just brought it: nothing else that it accepts mends that. */
  readonly #refused = new Map<Api, Session>();
  readonly #limit = new RenewalLimit();

  /** How long there may be none for this API; 0: there may be one. */
  waitMs(api: Api, nowMs: number): number {
    // One of which nothing was heard bars no other; the steps go on, until a session is accepted.
    const barredMs = this.#unheard.has(api) ? 0 : (this.#backoffs.get(api)?.waitMs(nowMs) ?? 0);
    return Math.max(barredMs, this.#limit.waitMs(nowMs));
  }

  began(api: Api, nowMs: number): void {
    const backoff = this.#backoffs.get(api) ?? new LoginBackoff();
    this.#backoffs.set(api, backoff);
    backoff.failed(nowMs);
    this.#limit.renewed(nowMs);
    this.#unheard.add(api);
  }

  /** Whoever sent its request again has been refused again. */
  heard(api: Api): void {
    this.#unheard.delete(api);
  }

  /** There was to be no other for the session that this API refuses. */
  barred(api: Api, session: Session): void {
    this.#refused.set(api, session);
  }

  /** The login brought the session that was to be replaced. How long there may be no other. */
  broughtTheSame(session: Session, nowMs: number): number {
    this.#unheard.clear();
    for (const api of this.#backoffs.keys()) this.#refused.set(api, session);
    return Math.max(0, ...[...this.#backoffs.values()].map((one) => one.waitMs(nowMs)));
  }

  /**
   * The API took the present session. If it has not refused it since, the renewal that brought it was no failure, whoever the
   * request was whose session had ended.
   */
  accepted(api: Api, session: Session): void {
    // As nearly always.
    if (this.#unheard.size + this.#backoffs.size === 0) return;
    this.#unheard.clear();
    if (session !== this.#refused.get(api)) this.helped(api);
  }

  /** What this API had refused with the old session, it took with the new one: the renewal was no failure. */
  helped(api: Api): void {
    this.#backoffs.delete(api);
  }

  forget(): void {
    this.#backoffs.clear();
  }
}
