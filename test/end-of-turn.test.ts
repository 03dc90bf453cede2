import { expect, test, vi } from 'vitest';
import { atEndOfTurn } from '../src/end-of-turn.ts';

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));

test('what comes in one turn is worked off at its end, in order', async () => {
  const work = vi.fn<(piece: number) => void>();
  const soon = atEndOfTurn(work);
  soon(1);
  soon(2);
  await Promise.resolve();
  soon(3);
  expect(work).not.toHaveBeenCalled();
  await endOfTurn();
  expect(work.mock.calls).toEqual([[1], [2], [3]]);
});

test('what comes while others are worked off has its own turn', async () => {
  const done: string[] = [];
  const soon = atEndOfTurn((piece: string) => {
    done.push(piece);
    if (piece === 'first') soon('next');
  });
  soon('first');
  soon('second');
  await endOfTurn();
  expect(done).toEqual(['first', 'second']);
  await endOfTurn();
  expect(done).toEqual(['first', 'second', 'next']);
});
