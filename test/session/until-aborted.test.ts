import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { untilAborted } from '../../src/session/until-aborted.ts';

test('gives what the promise gives, and leaves no listener behind', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(7), signal)).toBe(7);
  await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(await untilAborted(Promise.resolve(7), undefined)).toBe(7);
});

test('gives up with the reason of the signal, before or after', async () => {
  const never = new Promise<never>(() => {});
  const controller = new AbortController();
  const waiting = untilAborted(never, controller.signal);
  controller.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
  await expect(untilAborted(never, controller.signal)).rejects.toThrow('left');
});

test('a failure after giving up is nobody’s unhandled rejection', async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  await expect(untilAborted(promise, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  reject(new Error('too late'));
  await new Promise(setImmediate);
});
