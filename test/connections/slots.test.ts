import { expect, test } from 'vitest';
import { Slots } from '../../src/connections/slots.ts';

const never = new AbortController().signal;

/** What has been settled by now. */
async function settled(promises: readonly Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, i) => {
    promise.then(
      () => {
        done[i] = true;
      },
      () => {},
    );
  });
  await new Promise(setImmediate);
  return done;
}

test('places are given in the order of asking', async () => {
  const slots = new Slots(1);
  const release = await slots.take(never);
  const waiting = [slots.take(never), slots.take(never)];
  expect(await settled(waiting)).toEqual([false, false]);
  release();
  expect(await settled(waiting)).toEqual([true, false]);
});

test('a place that is given back twice is free once', async () => {
  const slots = new Slots(1);
  const release = await slots.take(never);
  release();
  release();
  expect(await settled([slots.take(never), slots.take(never)])).toEqual([true, false]);
});

test('who leaves the queue is passed over', async () => {
  const slots = new Slots(1);
  const release = await slots.take(never);
  const leaving = new AbortController();
  const first = slots.take(leaving.signal);
  const second = slots.take(never);
  leaving.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  release();
  expect(await settled([second])).toEqual([true]);
});

test('who has left before asking gets none', async () => {
  const slots = new Slots(1);
  await expect(slots.take(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  expect(await settled([slots.take(never)])).toEqual([true]);
});
