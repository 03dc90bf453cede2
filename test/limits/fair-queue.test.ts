import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue } from '../../src/limits/fair-queue.ts';

const never = new AbortController().signal;

/** Comes to the queue without waiting for the place; tells when it has entered. */
function come(queue: FairQueue, client: string, entered: () => void, signal = never): void {
  queue.enter(client, signal).then(entered, () => {});
}

/** Lets all that is due happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a place that comes free goes to whoever has waited longest', async () => {
  const queue = new FairQueue(1, 10_000);
  expect(queue.tryEnter()).toBe(true);
  const order: string[] = [];
  for (const name of ['first', 'second']) {
    come(queue, '', () => order.push(name));
  }
  expect([queue.inFlight, queue.queued]).toEqual([1, 2]);
  queue.leave();
  await settle();
  expect(order).toEqual(['first']);
  queue.leave();
  await settle();
  expect(order).toEqual(['first', 'second']);
  expect([queue.inFlight, queue.queued]).toEqual([1, 0]);
});

test("one client's thousand waiting requests do not starve another's one", async () => {
  const queue = new FairQueue(1, 10_000);
  queue.tryEnter();
  const order: string[] = [];
  for (let i = 0; i < 1000; i += 1) come(queue, 'greedy', () => order.push('greedy'));
  come(queue, 'modest', () => order.push('modest'));
  for (let i = 0; i < 3; i += 1) {
    queue.leave();
    await settle();
  }
  expect(order).toEqual(['greedy', 'modest', 'greedy']);
});

test('nobody passes those who wait', () => {
  const queue = new FairQueue(1, 10_000);
  queue.tryEnter();
  come(queue, '', () => {});
  queue.leave();
  expect(queue.tryEnter()).toBe(false);
});

test('a waiter that went away leaves the line, and its turn is not lost', async () => {
  const queue = new FairQueue(1, 10_000);
  queue.tryEnter();
  const gone = new AbortController();
  const reason = new Error('gone');
  const first = queue.enter('', gone.signal);
  let entered = false;
  come(queue, '', () => {
    entered = true;
  });
  gone.abort(reason);
  await expect(first).rejects.toBe(reason);
  expect(queue.queued).toBe(1);
  queue.leave();
  await settle();
  expect(entered).toBe(true);
});

test('who waits longer than the queue timeout is refused, with Retry-After', async () => {
  const queue = new FairQueue(1, 20);
  queue.tryEnter();
  await expect(queue.enter('', never)).rejects.toMatchObject({
    code: 'overloaded',
    retryAfterSeconds: 1,
  });
  expect([queue.inFlight, queue.queued]).toEqual([1, 0]);
});

test('more places after a reload let those who wait in', async () => {
  const queue = new FairQueue(1, 10_000);
  queue.tryEnter();
  let entered = 0;
  for (let i = 0; i < 3; i += 1) {
    come(queue, '', () => {
      entered += 1;
    });
  }
  queue.configure(3, 10_000);
  await settle();
  expect(entered).toBe(2);
  expect(queue.inFlight).toBe(3);
});

type Step = { client: string } | { abort: number } | 'leave';

/** Those who come to a queue and leave it; it knows who is inside. */
class Crowd {
  readonly #queue: FairQueue;
  readonly #came: AbortController[] = [];
  inside = 0;
  readonly #entered = new Set<AbortController>();

  constructor(queue: FairQueue) {
    this.#queue = queue;
  }

  do(step: Step): void {
    if (step === 'leave') this.#leave();
    else if ('abort' in step) this.#came[step.abort]?.abort();
    else this.#come(step.client);
  }

  /** How many have come, have not gone away, and have not entered. */
  get waiting(): number {
    return this.#came.filter((one) => !one.signal.aborted && !this.#entered.has(one)).length;
  }

  end(): void {
    for (const one of this.#came) one.abort();
  }

  #come(client: string): void {
    const one = new AbortController();
    this.#came.push(one);
    const entered = () => {
      this.#entered.add(one);
      this.inside += 1;
    };
    come(this.#queue, client, entered, one.signal);
  }

  #leave(): void {
    if (this.inside === 0) return;
    this.inside -= 1;
    this.#queue.leave();
  }
}

test('whatever happens, no more are in flight than there are places, and none is lost', async () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ client: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ abort: fc.nat(20) }),
    fc.constant('leave' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step), async (places, steps) => {
      const queue = new FairQueue(places, 10_000);
      const crowd = new Crowd(queue);
      for (const one of steps) {
        crowd.do(one);
        await settle();
        expect(queue.inFlight).toBe(crowd.inside);
        expect(crowd.inside).toBeLessThanOrEqual(places);
        expect(queue.queued).toBe(crowd.waiting);
        expect(queue.queued === 0 || crowd.inside === places).toBe(true);
      }
      crowd.end();
    }),
    { numRuns: 100 },
  );
});
