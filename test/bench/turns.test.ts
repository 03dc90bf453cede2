// Whose turn it is, and who is charged for it.
import { expect, test } from 'vitest';
import type { OpenLoad } from '../../bench/load/load.ts';
import type { ProcessUsage } from '../../bench/measure/process-usage.ts';
import { runInTurns } from '../../bench/turns.ts';

test('what the process uses is charged to the load whose turn it is', async () => {
  let [usedUs, resets] = [500, 0];
  const usage: ProcessUsage = {
    cpuUs: () => usedUs,
    peakBytes: () => 7,
    resetPeak: () => {
      resets += 1;
    },
  };
  const active = new Set<string>();
  const started: string[] = [];
  const taker = (name: string, turnUs: number) => {
    const resume = () => {
      expect([...active]).toEqual([]);
      active.add(name);
      usedUs += turnUs;
    };
    const load: OpenLoad = {
      resume,
      pause: () => active.delete(name),
      // It goes on until it has noticed.
      end: async () => {
        usedUs += 3;
        return { requests: turnUs / 10, seconds: 1, errors: 0 };
      },
    };
    return {
      name,
      start: () => {
        started.push(name);
        resume();
        return load;
      },
    };
  };

  const entries = await runInTurns([taker('dear', 1000), taker('cheap', 10)], {
    usage,
    rounds: 2,
    turns: 2,
    progress: () => {},
  });

  // Each goes first in one of the rounds.
  expect(started).toEqual(['dear', 'cheap', 'cheap', 'dear']);
  expect(resets).toBe(2);
  const round = (units: number, cpuUs: number) => ({
    units,
    cpuUs,
    errors: 0,
    peakBytes: 7,
    seconds: expect.any(Number),
  });
  expect(entries).toEqual([
    { name: 'dear', rounds: [round(100, 2003), round(100, 2003)] },
    { name: 'cheap', rounds: [round(1, 23), round(1, 23)] },
  ]);
});
