// A session manager whose logins end when the test says so, under a clock that the test moves.
import { Secret } from '../../src/config/secret.ts';
import { ProxyError } from '../../src/errors.ts';
import type { Api } from '../../src/salesforce/session-carrier.ts';
import { Session } from '../../src/session/session.ts';
import { type SessionEvent, SessionManager } from '../../src/session/session-manager.ts';

export const loginTimeoutMs = 15_000;

export class ManagerFixture {
  readonly events: SessionEvent[] = [];
  readonly startedAtMs: number[] = [];
  readonly manager: SessionManager;
  nowMs = 1_000_000;
  credentials = 'key 1';
  mostInFlight = 0;
  onLogin: () => void = () => {};
  #flights: PromiseWithResolvers<Session>[] = [];
  #tokens = 0;

  constructor() {
    this.manager = new SessionManager({
      login: () => {
        const flight = Promise.withResolvers<Session>();
        this.#flights.push(flight);
        this.startedAtMs.push(this.nowMs);
        this.mostInFlight = Math.max(this.mostInFlight, this.#flights.length);
        this.onLogin();
        return flight.promise;
      },
      credentialsVersion: () => this.credentials,
      loginTimeoutMs,
      now: () => this.nowMs,
      onEvent: (event) => this.events.push(event),
    });
  }

  get logins(): number {
    return this.startedAtMs.length;
  }

  get isLoggingIn(): boolean {
    return this.#flights.length > 0;
  }

  session(token = `token ${++this.#tokens}`, origin = 'https://a.my.salesforce.com'): Session {
    return new Session(new Secret(token), { origin, listedByName: false }, this.nowMs);
  }

  async land(session = this.session()): Promise<Session> {
    this.#flights.shift()?.resolve(session);
    await settle();
    return session;
  }

  async fail(error: ProxyError | Error = failure('login_rejected')): Promise<void> {
    this.#flights.shift()?.reject(error);
    await settle();
  }

  /** A session that Salesforce has accepted. */
  async loggedIn(): Promise<Session> {
    const acquired = this.manager.acquire();
    await this.land();
    const session = await acquired;
    this.manager.prove(session, 'rest');
    return session;
  }

  /** Salesforce refuses it to a request that would be sent again. */
  refuse(session: Session, api: Api = 'rest'): void {
    this.manager.reject(session, api, { willReplay: true });
  }

  /** Salesforce refuses it to a replay, or to a body that is piped. */
  refuseReplay(session: Session, api: Api = 'rest'): void {
    this.manager.reject(session, api, { willReplay: false });
  }

  /** A renewal whose every client leaves before its replay; what it brought. */
  async renewedUnheard(session: Session, api: Api = 'rest'): Promise<Session> {
    this.refuse(session, api);
    const leaving = new AbortController();
    const left = this.manager.acquire(leaving.signal).catch(() => {});
    leaving.abort(new Error('left'));
    await left;
    return this.land();
  }

  eventsOf<T extends SessionEvent['type']>(type: T) {
    return this.events.filter((event) => event.type === type) as Extract<
      SessionEvent,
      { type: T }
    >[];
  }
}

export function failure(code: ProxyError['code']): ProxyError {
  return new ProxyError(code, `it said ${code}`);
}

export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
