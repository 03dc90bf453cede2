import { expect, test } from 'vitest';
import { ApiBudget } from '../../src/limits/api-budget.ts';

const at = (time: { ms: number }, stop = 95) => new ApiBudget(stop, () => time.ms);

test('below the stop everything passes, at it nothing does but a probe a minute', () => {
  const time = { ms: 0 };
  const budget = at(time);
  budget.check('prod');
  budget.note({ used: 949, limit: 1000 });
  budget.check('prod');
  budget.note({ used: 950, limit: 1000 });
  expect(() => budget.check('prod')).toThrow(
    expect.objectContaining({
      code: 'api_budget_spent',
      message: expect.stringContaining('950 of its 1000'),
      retryAfterSeconds: 60,
    }),
  );
  time.ms = 60_000;
  budget.check('prod');
  expect(() => budget.check('prod')).toThrow();
  budget.note({ used: 900, limit: 1000 });
  budget.check('prod');
  budget.check('prod');
});

test('0 is off', () => {
  const budget = at({ ms: 0 }, 0);
  budget.note({ used: 2000, limit: 1000 });
  budget.check('prod');
});
