import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostRenewals } from '../../src/session/renewal-limit.ts';
import type { Session } from '../../src/session/session.ts';
import { failure, loginTimeoutMs, ManagerFixture, settle } from './session-manager-fixture.ts';
import { steps, World } from './session-manager-model.ts';

describe('one exchange', () => {
  test('all who ask meanwhile share it, and later ones need none', async () => {
    const fixture = new ManagerFixture();
    const asked = Array.from({ length: 1000 }, () => fixture.manager.acquire());
    const session = await fixture.land();
    for (const got of await Promise.all(asked)) expect(got).toBe(session);
    expect(await fixture.manager.acquire()).toBe(session);
    expect(fixture.logins).toBe(1);
  });

  test('a client that leaves aborts nobody else, and leaves no listener', async () => {
    const fixture = new ManagerFixture();
    const leaving = new AbortController();
    const staying = new AbortController();
    const left = fixture.manager.acquire(leaving.signal);
    const stayed = fixture.manager.acquire(staying.signal);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const session = await fixture.land();
    expect(await stayed).toBe(session);
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    expect(getEventListeners(staying.signal, 'abort')).toHaveLength(0);
    expect(fixture.logins).toBe(1);
  });

  test('when all have left, its outcome still serves the next', async () => {
    const fixture = new ManagerFixture();
    const leaving = new AbortController();
    const left = fixture.manager.acquire(leaving.signal);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const session = await fixture.land();
    expect(fixture.manager.current).toBe(session);
  });

  test('nobody who has left already starts one', async () => {
    const fixture = new ManagerFixture();
    await expect(fixture.manager.acquire(AbortSignal.abort(new Error('left')))).rejects.toThrow();
    expect(fixture.logins).toBe(0);
  });

  test('a failure reaches all who wait, and is nobody’s unhandled rejection', async () => {
    const fixture = new ManagerFixture();
    const asked = [fixture.manager.acquire(), fixture.manager.acquire()];
    const outcomes = Promise.allSettled(asked);
    await fixture.fail();
    for (const outcome of await outcomes) expect(outcome.status).toBe('rejected');
    const leaving = new AbortController();
    fixture.nowMs += 60_000;
    const left = fixture.manager.acquire(leaving.signal);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await fixture.fail();
  });
});

describe('a rejected session', () => {
  test('is renewed once, however many saw it', async () => {
    const fixture = new ManagerFixture();
    const old = await fixture.loggedIn();
    for (let i = 0; i < 100; i += 1) fixture.refuse(old);
    const asked = Array.from({ length: 100 }, () => fixture.manager.acquire());
    const fresh = await fixture.land();
    for (const got of await Promise.all(asked)) expect(got).toBe(fresh);
    expect(fixture.logins).toBe(2);
    expect(fixture.eventsOf('session_rejected')).toHaveLength(1);
  });

  test('a late rejection neither removes nor renews the fresh one', async () => {
    const fixture = new ManagerFixture();
    const old = await fixture.loggedIn();
    fixture.refuse(old);
    const asked = fixture.manager.acquire();
    const fresh = await fixture.land();
    await asked;
    fixture.refuse(old);
    expect(fixture.manager.current).toBe(fresh);
    expect(await fixture.manager.acquire()).toBe(fresh);
    expect(fixture.logins).toBe(2);
  });

  test('one that died before its first use is renewed like any other', async () => {
    const fixture = new ManagerFixture();
    void fixture.manager.acquire();
    const first = await fixture.land();
    for (const idleMs of [10, 3 * 3_600_000]) {
      fixture.nowMs += idleMs;
      const session = fixture.manager.current ?? first;
      fixture.refuse(session);
      void fixture.manager.acquire();
      const fresh = await fixture.land();
      expect(fixture.manager.current).toBe(fresh);
      fixture.manager.renewalHelped('rest');
    }
    expect(fixture.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('one that was renewed and never used again is renewed after its idle time', async () => {
    const fixture = new ManagerFixture();
    fixture.refuse(await fixture.loggedIn());
    void fixture.manager.acquire();
    // Its client had left before the replay, so nobody knows whether it helped.
    const renewed = await fixture.land();
    fixture.nowMs += 7_200_000;
    fixture.refuse(renewed);
    expect(fixture.manager.current).toBeUndefined();
  });

  test('sessions that die soon after having helped are renewed each time', async () => {
    const fixture = new ManagerFixture();
    let session = await fixture.loggedIn();
    for (let i = 0; i < 20; i += 1) {
      fixture.nowMs += 100;
      fixture.refuse(session);
      const asked = fixture.manager.acquire();
      await fixture.land();
      session = await asked;
      fixture.manager.renewalHelped('rest');
    }
    expect(fixture.logins).toBe(21);
    expect(fixture.eventsOf('session_not_renewed')).toHaveLength(0);
  });
});

describe('a renewal whose request never came to its replay (its client left, or it was lost)', () => {
  test('was no failure once anybody is accepted with the new session', async () => {
    const fixture = new ManagerFixture();
    let session = await fixture.loggedIn();
    for (let i = 0; i < 5; i += 1) {
      fixture.nowMs += 1000;
      fixture.refuse(session);
      const asked = fixture.manager.acquire();
      await fixture.land();
      session = await asked;
      fixture.manager.prove(session, 'rest');
    }
    expect(fixture.logins).toBe(6);
    expect(fixture.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('stays one where the replay was refused, whatever else is accepted', async () => {
    const fixture = new ManagerFixture();
    let session = await fixture.loggedIn();
    for (let second = 0; second < 600; second += 1) {
      fixture.nowMs += 1000;
      fixture.refuse(session);
      const asked = fixture.manager.acquire();
      await fixture.land();
      session = await asked;
      // The same API refuses one resource and accepts the others.
      fixture.refuseReplay(session);
      fixture.manager.prove(session, 'rest');
    }
    expect(fixture.logins).toBeLessThanOrEqual(1 + 5);
  });
});

describe('a renewal of which nobody has heard whether it helped (all its clients left before their replays)', () => {
  test('does not count where its session ends before its first use, however often in a row', async () => {
    const fixture = new ManagerFixture();
    let session = await fixture.loggedIn();
    for (let i = 0; i < 20; i += 1) {
      session = await fixture.renewedUnheard(session);
      fixture.nowMs += 1000;
    }
    fixture.refuse(session);
    const asked = fixture.manager.acquire();
    const fresh = await fixture.land();
    expect(await asked).toBe(fresh);
    expect(fixture.logins).toBe(1 + 21);
    expect(fixture.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('1,000 requests that then see its session dead make one login', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.renewedUnheard(await fixture.loggedIn());
    for (let i = 0; i < 1000; i += 1) fixture.refuse(session);
    const asked = Array.from({ length: 1000 }, () => fixture.manager.acquire());
    const fresh = await fixture.land();
    for (const got of await Promise.all(asked)) expect(got).toBe(fresh);
    for (let i = 0; i < 1000; i += 1) fixture.refuseReplay(fresh);
    expect(await fixture.manager.acquire()).toBe(fresh);
    expect(fixture.logins).toBe(3);
    expect(fixture.eventsOf('session_not_renewed')).toMatchObject([{ why: 'dead_on_arrival' }]);
  });

  test('counts where what was refused is not sent again', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.renewedUnheard(await fixture.loggedIn());
    fixture.refuseReplay(session);
    for (let i = 0; i < 29; i += 1) {
      fixture.nowMs += 1000;
      fixture.refuse(session);
      expect(await fixture.manager.acquire()).toBe(session);
    }
    expect(fixture.logins).toBe(2);
    fixture.nowMs += 1000;
    fixture.refuse(session);
    expect(fixture.manager.current).toBeUndefined();
  });

  test('counts where it brought the same token', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.loggedIn();
    fixture.refuse(session);
    void fixture.manager.acquire();
    await fixture.land(fixture.session(session.token.reveal()));
    for (let i = 0; i < 10; i += 1) fixture.refuse(session);
    expect(await fixture.manager.acquire()).toBe(session);
    expect(fixture.logins).toBe(2);
  });

  test('counts for no API, whichever is the first to see its session dead', async () => {
    const fixture = new ManagerFixture();
    let session = await fixture.renewedUnheard(await fixture.loggedIn(), 'rest');
    for (const api of ['soap', 'rest', 'rest', 'soap'] as const) {
      fixture.nowMs += 1000;
      session = await fixture.renewedUnheard(session, api);
    }
    expect(fixture.logins).toBe(2 + 4);
    expect(fixture.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('is not judged by a login that only looks whether the org has moved', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.renewedUnheard(await fixture.loggedIn());
    const looked = fixture.manager.relearn(session);
    await fixture.land(fixture.session(session.token.reveal()));
    expect(await looked).toBe(session);
    fixture.manager.prove(session, 'rest');
    fixture.refuse(session);
    expect(fixture.manager.current).toBeUndefined();
  });

  test('lets clients that never wait for their replays make 300 logins in 10 minutes and no more', async () => {
    const fixture = new ManagerFixture();
    let session = await fixture.loggedIn();
    for (let i = 0; i < 36_000; i += 1) {
      fixture.nowMs += 100;
      fixture.refuse(session);
      if (!fixture.manager.current) void fixture.manager.acquire();
      if (fixture.isLoggingIn) session = await fixture.land();
    }
    expect(fixture.logins).toBeLessThanOrEqual(1 + mostRenewals * 6);
  });
});

describe('a renewal that does not help', () => {
  test('the same token again comes back as the same session, and is left alone', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.loggedIn();
    const token = session.token.reveal();
    for (const waitMs of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
      fixture.refuse(session);
      const asked = fixture.manager.acquire();
      await fixture.land(fixture.session(token));
      expect(await asked).toBe(session);
      const { why, retryAfterMs } = fixture.eventsOf('session_not_renewed').at(-1) ?? {};
      expect({ why, retryAfterMs }).toEqual({ why: 'same_token', retryAfterMs: waitMs });
      const { logins } = fixture;
      for (let i = 0; i < 100; i += 1) {
        fixture.nowMs += waitMs / 101;
        fixture.refuse(session);
        expect(await fixture.manager.acquire()).toBe(session);
      }
      expect(fixture.logins).toBe(logins);
      fixture.nowMs += waitMs / 101 + 1;
    }
    expect(fixture.logins).toBe(7);
  });

  test('tokens that are dead on arrival: each is tried once, 30 s apart and more', async () => {
    const fixture = new ManagerFixture();
    await fixture.loggedIn();
    for (let second = 0; second < 3600; second += 1) {
      fixture.nowMs += 1000;
      for (let i = 0; i < 3; i += 1) {
        const session = await fixture.manager.acquire();
        fixture.refuse(session);
        const next = fixture.manager.acquire();
        await fixture.land();
        const replayed = await next;
        if (replayed !== session) fixture.refuseReplay(replayed);
      }
    }
    expect(fixture.logins).toBeLessThanOrEqual(1 + 16);
    expect(fixture.logins).toBeGreaterThanOrEqual(10);
    // Told once for each session, and not once for each request.
    expect(fixture.eventsOf('session_not_renewed').length).toBeLessThanOrEqual(16);
  });

  test('tokens that are dead on arrival: who came during the login, and hears before the replay, starts no loop', async () => {
    const fixture = new ManagerFixture();
    await fixture.loggedIn();
    let replays: Session[] = [];
    for (let i = 0; i < 36_000; i += 1) {
      fixture.nowMs += 100;
      const session = await fixture.manager.acquire();
      fixture.refuse(session);
      for (const replay of replays) fixture.refuseReplay(replay);
      const next = fixture.manager.acquire();
      await fixture.land();
      replays = [await next].filter((fresh) => fresh !== session);
    }
    // Two in each step of the backoff.
    expect(fixture.logins).toBeLessThanOrEqual(1 + 2 * 16);
  });

  test('an API that refuses what the others accept never storms, and takes no renewal from them', async () => {
    const fixture = new ManagerFixture();
    await fixture.loggedIn();
    for (let second = 0; second < 3600; second += 1) {
      fixture.nowMs += 1000;
      fixture.manager.prove(await fixture.manager.acquire(), 'rest');
      const refused = await fixture.manager.acquire();
      fixture.refuse(refused, 'soap');
      const next = fixture.manager.acquire();
      await fixture.land();
      fixture.manager.prove(await next, 'rest');
    }
    expect(fixture.logins).toBeLessThanOrEqual(1 + 16);
    // In the midst of it the session ends for REST too.
    const { logins } = fixture;
    fixture.refuse(await fixture.manager.acquire());
    void fixture.manager.acquire();
    await fixture.land();
    expect(fixture.logins).toBe(logins + 1);
  });

  test('where every other answer refuses the session, there are 300 logins in 10 minutes and no more', async () => {
    const fixture = new ManagerFixture();
    await fixture.loggedIn();
    for (let i = 0; i < 36_000; i += 1) {
      fixture.nowMs += 100;
      const session = await fixture.manager.acquire();
      fixture.refuse(session);
      const next = fixture.manager.acquire();
      await fixture.land();
      if ((await next) !== session) fixture.manager.renewalHelped('rest');
    }
    expect(fixture.logins).toBeLessThanOrEqual(1 + mostRenewals * 6);
  });
});

describe('a failed exchange', () => {
  test('a refusal is remembered: 1,000 requests in a minute make 2 exchanges', async () => {
    const fixture = new ManagerFixture();
    for (let i = 0; i < 1000; i += 1) {
      const asked = fixture.manager.acquire().catch((error) => error);
      await fixture.fail(failure('login_rejected'));
      expect(await asked).toMatchObject({ code: 'login_rejected', retryAfterSeconds: undefined });
      fixture.nowMs += 60;
    }
    expect(fixture.logins).toBe(2);
  });

  test.each(['login_rejected', 'instance_forbidden', 'internal'] as const)(
    '%s: 30 s doubling to 5 min',
    async (code) => {
      const fixture = new ManagerFixture();
      for (let second = 0; second <= 3600; second += 1) {
        const asked = fixture.manager.acquire().catch(() => {});
        await fixture.fail(failure(code));
        await asked;
        fixture.nowMs += 1000;
      }
      const pauses = fixture.startedAtMs
        .slice(1)
        .map((at, i) => at - (fixture.startedAtMs[i] ?? 0));
      expect(pauses.slice(0, 6)).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
    },
  );

  test('an error that is none of ours is remembered too', async () => {
    const fixture = new ManagerFixture();
    const asked = fixture.manager.acquire().catch((error) => error);
    await fixture.fail(new TypeError('a bug'));
    expect(await asked).toMatchObject({ code: 'internal' });
    await expect(fixture.manager.acquire()).rejects.toMatchObject({ code: 'internal' });
    expect(fixture.logins).toBe(1);
  });

  test('login_unavailable waits for the rest of the login timeout, with a fresh Retry-After', async () => {
    const fixture = new ManagerFixture();
    const asked = fixture.manager.acquire().catch((error) => error);
    fixture.nowMs += 2000;
    await fixture.fail(failure('login_unavailable'));
    expect(await asked).toMatchObject({ code: 'login_unavailable', retryAfterSeconds: 13 });
    fixture.nowMs += 9500;
    await expect(fixture.manager.acquire()).rejects.toMatchObject({ retryAfterSeconds: 4 });
    fixture.nowMs += 3500;
    void fixture.manager.acquire();
    expect(fixture.logins).toBe(2);
    await fixture.land();
  });

  test('a hung endpoint costs one login timeout a try, and the next try may follow at once', async () => {
    const fixture = new ManagerFixture();
    const asked = fixture.manager.acquire().catch((error) => error);
    fixture.nowMs += loginTimeoutMs;
    await fixture.fail(failure('login_unavailable'));
    expect(await asked).toMatchObject({ retryAfterSeconds: 1 });
  });

  test('login_rate_exceeded waits 15 minutes', async () => {
    const fixture = new ManagerFixture();
    const asked = fixture.manager.acquire().catch((error) => error);
    await fixture.fail(failure('login_rate_exceeded'));
    expect(await asked).toMatchObject({ retryAfterSeconds: 900 });
    fixture.nowMs += 899_000;
    await expect(fixture.manager.acquire()).rejects.toMatchObject({ retryAfterSeconds: 1 });
    expect(fixture.logins).toBe(1);
    fixture.nowMs += 1000;
    void fixture.manager.acquire();
    expect(fixture.logins).toBe(2);
    await fixture.land();
  });

  test('a changed key forgets it, also when it changed during the login', async () => {
    const fixture = new ManagerFixture();
    const first = fixture.manager.acquire().catch(() => {});
    fixture.credentials = 'key 2';
    await fixture.fail();
    await first;
    const second = fixture.manager.acquire().catch(() => {});
    await fixture.fail();
    await second;
    await expect(fixture.manager.acquire()).rejects.toMatchObject({ code: 'login_rejected' });
    expect(fixture.logins).toBe(2);
    fixture.credentials = 'key 3';
    const third = fixture.manager.acquire();
    const session = await fixture.land();
    expect(await third).toBe(session);
  });

  test('a login that works forgets the steps', async () => {
    const fixture = new ManagerFixture();
    for (let i = 0; i < 3; i += 1) {
      const asked = fixture.manager.acquire().catch(() => {});
      await fixture.fail();
      await asked;
      fixture.nowMs += 300_000;
    }
    const session = await fixture.loggedIn();
    fixture.refuse(session);
    const asked = fixture.manager.acquire().catch(() => {});
    await fixture.fail();
    await asked;
    fixture.nowMs += 30_000;
    void fixture.manager.acquire();
    await fixture.land();
    expect(fixture.manager.current).toBeDefined();
  });
});

describe('an org that has moved', () => {
  const elsewhere = 'https://b.my.salesforce.com';

  test('one exchange, shared, brings the new instance', async () => {
    const fixture = new ManagerFixture();
    const old = await fixture.loggedIn();
    const asked = Array.from({ length: 100 }, () => fixture.manager.relearn(old));
    await settle();
    const moved = await fixture.land(fixture.session(old.token.reveal(), elsewhere));
    for (const got of await Promise.all(asked)) expect(got).toBe(moved);
    expect(fixture.logins).toBe(2);
    expect(fixture.eventsOf('instance_moved')).toEqual([
      { type: 'instance_moved', from: old.instance.origin, to: elsewhere },
    ]);
    expect(await fixture.manager.relearn(old)).toBe(moved);
    expect(fixture.logins).toBe(2);
  });

  test('at most once a minute, and the session stays where nothing changed', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.loggedIn();
    for (let second = 0; second < 600; second += 1) {
      const asked = fixture.manager.relearn(session);
      await fixture.land(fixture.session(session.token.reveal()));
      expect(await asked).toBe(session);
      fixture.nowMs += 1000;
    }
    expect(fixture.logins).toBe(1 + 10);
    expect(fixture.eventsOf('session_not_renewed')).toHaveLength(0);
  });

  test('a failure keeps the present session, and is remembered', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.loggedIn();
    const asked = fixture.manager.relearn(session);
    await fixture.fail();
    expect(await asked).toBe(session);
    expect(fixture.manager.current).toBe(session);
    expect(await fixture.manager.acquire()).toBe(session);
    fixture.nowMs += 29_000;
    fixture.refuse(session);
    expect(fixture.manager.current).toBe(session);
    expect(fixture.logins).toBe(2);
  });

  test('a session that dies meanwhile waits for the same exchange', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.loggedIn();
    const relearned = fixture.manager.relearn(session);
    fixture.refuse(session);
    const acquired = fixture.manager.acquire();
    const moved = await fixture.land(fixture.session('new', elsewhere));
    expect(await relearned).toBe(moved);
    expect(await acquired).toBe(moved);
    expect(fixture.logins).toBe(2);
  });

  test('who gives up leaves the others waiting', async () => {
    const fixture = new ManagerFixture();
    const session = await fixture.loggedIn();
    const leaving = new AbortController();
    const left = fixture.manager.relearn(session, leaving.signal);
    const stayed = fixture.manager.relearn(session);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await fixture.land(fixture.session('new', elsewhere));
    expect((await stayed).instance.origin).toBe(elsewhere);
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
  });
});

test('a reset drops session and failures, but starts no second exchange', async () => {
  const fixture = new ManagerFixture();
  await fixture.loggedIn();
  fixture.manager.reset();
  const asked = [fixture.manager.acquire()];
  fixture.manager.reset();
  asked.push(fixture.manager.acquire());
  const session = await fixture.land();
  expect(await Promise.all(asked)).toEqual([session, session]);
  fixture.manager.reset();
  const refused = fixture.manager.acquire().catch(() => {});
  await fixture.fail();
  await refused;
  fixture.manager.reset();
  await fixture.loggedIn();
  expect(fixture.mostInFlight).toBe(1);
});

test('whatever happens: one exchange in flight, old tokens harm nobody, every waiter ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 80 }), async (run) => {
      const world = new World();
      for (const step of run) await world.run(step);
      await world.finish();
    }),
    { numRuns: 400 },
  );
});

test('whoever leaves whenever: where each login brings a session that lives, only a refused replay ends the renewals', async () => {
  const kind = steps.filter((step) => {
    if (step.do === 'request') return step.api === 'rest';
    if (step.do === 'land') return step.as === 'fresh';
    return !['fail', 'reset', 'changeKey'].includes(step.do);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(kind, { minLength: 100, maxLength: 300 }), async (run) => {
      const world = new World();
      for (const step of run) {
        const { length } = world.fixture.eventsOf('session_not_renewed');
        await world.run(step);
        if (world.hasRefusedReplay) continue;
        expect(world.fixture.eventsOf('session_not_renewed')).toHaveLength(length);
      }
      await world.finish();
    }),
    { numRuns: 100 },
  );
});

test('whatever Salesforce refuses: without a key change, exchanges stay bounded in every window', async () => {
  const calm = steps.filter((step) => step.do !== 'reset' && step.do !== 'changeKey');
  await fc.assert(
    fc.asyncProperty(fc.array(calm, { minLength: 100, maxLength: 300 }), async (run) => {
      const world = new World();
      for (const step of run) await world.run(step);
      const { startedAtMs } = world.fixture;
      const windowMs = 600_000;
      for (const from of startedAtMs) {
        const within = startedAtMs.filter((ms) => ms >= from && ms < from + windowMs).length;
        // The renewals, a look for a moved org every minute, and one try of each login timeout while there is no session.
        expect(within).toBeLessThanOrEqual(mostRenewals + 10 + windowMs / 15_000 + 1);
      }
      await world.finish();
    }),
    { numRuns: 100 },
  );
});
