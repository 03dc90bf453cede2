// Random interleavings of everything that can happen to the session of one user, under a clock that the run moves. A small
// model of Salesforce decides which token is alive; what must hold whatever happens is asserted after every step.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Api } from '../../src/salesforce/session-carrier.ts';
import type { Session } from '../../src/session/session.ts';
import { failure, ManagerFixture, settle } from './session-manager-fixture.ts';

type Step =
  | { readonly do: 'request'; readonly api: Api }
  | { readonly do: 'answer' | 'giveUp' | 'lose' | 'unreachable'; readonly at: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'land'; readonly as: 'fresh' | 'same' | 'dead' }
  | { readonly do: 'fail'; readonly as: (typeof failures)[number] }
  | { readonly do: 'end' | 'reset' | 'changeKey' };

const failures = ['login_rejected', 'login_unavailable', 'login_rate_exceeded'] as const;
const leftAloneMs = { login_rejected: 30_000, login_unavailable: 0, login_rate_exceeded: 900_000 };
const at = fc.nat(20);
export const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      api: fc.constantFrom<Api>('rest', 'soap'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('giveUp' as const, 'lose' as const, 'unreachable' as const),
      at,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('land' as const),
      as: fc.constantFrom('fresh' as const, 'same' as const, 'dead' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('fail' as const), as: fc.constantFrom(...failures) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      ms: fc.integer({ min: 1, max: 40_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('reset' as const, 'changeKey' as const) }),
  },
);

interface Call {
  readonly api: Api;
  readonly session: Session;
  readonly isReplay: boolean;
}

export class World {
  readonly fixture = new ManagerFixture();
  readonly #sent: Call[] = [];
  readonly #waiting = new Set<AbortController>();
  readonly #alive = new Set<string>();
  #lastToken = 'none yet';
  #refusedUntilMs = 0;
  #loginsTooEarly = 0;
  #keyOfLogin = '';
  waiters = 0;
  /** Since the present session was accepted for the last time. */
  hasRefusedReplay = false;

  constructor() {
    this.fixture.onLogin = () => {
      // After a refusal nothing is asked for at least 30 s, whoever asks and however often.
      if (this.fixture.nowMs < this.#refusedUntilMs) this.#loginsTooEarly += 1;
      this.#keyOfLogin = this.fixture.credentials;
    };
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'request':
        this.#send(step.api, false, (signal) => this.fixture.manager.acquire(signal));
        break;
      case 'answer':
        this.#answer(this.#take(step.at));
        break;
      case 'lose':
        // Its client leaves before the answer.
        this.#take(step.at);
        break;
      case 'unreachable':
        this.#relearn(this.#take(step.at));
        break;
      case 'giveUp':
        [...this.#waiting][step.at % Math.max(1, this.#waiting.size)]?.abort(new Error('left'));
        break;
      case 'tick':
        this.fixture.nowMs += step.ms;
        break;
      case 'land':
        await this.#land(step.as);
        break;
      case 'fail':
        await this.#fail(step.as);
        break;
      case 'end':
        this.#alive.clear();
        break;
      case 'reset':
        this.#refusedUntilMs = 0;
        this.fixture.manager.reset();
        break;
      case 'changeKey':
        this.#refusedUntilMs = 0;
        this.fixture.credentials += '+';
    }
    await settle();
    expect(this.fixture.mostInFlight).toBeLessThanOrEqual(1);
    expect(this.#loginsTooEarly).toBe(0);
  }

  /** Everything comes to its end: no waiter is left. */
  async finish(): Promise<void> {
    for (
      let round = 0;
      this.waiters > 0 || this.#sent.length > 0 || this.fixture.isLoggingIn;
      round += 1
    ) {
      expect(round).toBeLessThan(1000);
      await this.run({ do: 'land', as: 'fresh' });
      await this.run({ do: 'answer', at: 0 });
    }
  }

  #take(index: number): Call | undefined {
    return this.#sent.splice(index % Math.max(1, this.#sent.length), 1)[0];
  }

  #send(
    api: Api,
    isReplay: boolean,
    get: (signal: AbortSignal) => Promise<Session>,
    not?: Session,
  ) {
    const leaving = new AbortController();
    this.#waiting.add(leaving);
    this.waiters += 1;
    get(leaving.signal)
      .then(
        // The same session again: the client gets Salesforce's own answer.
        (session) => session !== not && this.#sent.push({ api, session, isReplay }),
        () => {},
      )
      .finally(() => {
        this.#waiting.delete(leaving);
        this.waiters -= 1;
      });
  }

  #answer(call: Call | undefined): void {
    if (!call) return;
    const { api, session, isReplay } = call;
    const { manager } = this.fixture;
    if (this.#alive.has(session.token.reveal())) {
      if (session === manager.current) this.hasRefusedReplay = false;
      manager.prove(session, api);
      if (isReplay) manager.renewalHelped(api);
      return;
    }
    const { current } = manager;
    manager.reject(session, api, { willReplay: !isReplay });
    this.hasRefusedReplay ||= isReplay;
    // An old token never removes another session.
    if (session !== current) expect(manager.current).toBe(current);
    if (!isReplay) this.#send(api, true, (signal) => manager.acquire(signal), session);
  }

  #relearn(call: Call | undefined): void {
    if (!call) return;
    const { api, session, isReplay } = call;
    this.#send(api, isReplay, (signal) => this.fixture.manager.relearn(session, signal), session);
  }

  async #land(as: 'fresh' | 'same' | 'dead'): Promise<void> {
    if (!this.fixture.isLoggingIn) return;
    const session = this.fixture.session(as === 'same' ? this.#lastToken : undefined);
    this.#lastToken = session.token.reveal();
    if (as === 'fresh') this.#alive.add(this.#lastToken);
    this.#refusedUntilMs = 0;
    await this.fixture.land(session);
    expect(this.fixture.manager.current?.token.reveal()).toBe(this.#lastToken);
  }

  async #fail(as: (typeof failures)[number]): Promise<void> {
    const { fixture } = this;
    if (!fixture.isLoggingIn) return;
    const present = fixture.manager.current;
    // The key that failed is not the one that there is now: it may be tried at once.
    const isKeySame = this.#keyOfLogin === fixture.credentials;
    if (isKeySame) this.#refusedUntilMs = fixture.nowMs + leftAloneMs[as];
    await fixture.fail(failure(as));
    // A failed relearning keeps the session.
    expect(fixture.manager.current).toBe(present);
  }
}
