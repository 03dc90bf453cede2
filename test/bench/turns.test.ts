// Whose turn it is, and who is charged for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { OpenLoad } from '../../bench/load/load.ts';
import { runInTurns } from '../../bench/turns.ts';

test('what the process uses is charged to the load whose turn it is', async () => {
  const worker = await startWorker();
  const active = new Set<string>();
  const started: string[] = [];
  const taker = (name: string, isBusy: boolean) => {
    const resume = () => {
      expect([...active]).toEqual([]);
      active.add(name);
      worker.work(isBusy);
    };
    const load: OpenLoad = {
      resume,
      pause: () => active.delete(name),
      end: async () => ({ requests: 100, seconds: 1, errors: 0 }),
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

  const entries = await runInTurns([taker('busy', true), taker('idle', false)], {
    pid: worker.pid,
    rounds: 2,
    turns: 2,
    progress: () => {},
  });

  // Each goes first in one of the rounds.
  expect(started).toEqual(['busy', 'idle', 'idle', 'busy']);
  expect(entries.map(({ name }) => name)).toEqual(['busy', 'idle']);
  const [busy = [], idle = []] = entries.map(({ rounds }) => rounds);
  expect([busy.length, idle.length]).toEqual([2, 2]);
  for (const [at, { units, errors, cpuUs = 0, peakBytes = 0 }] of busy.entries()) {
    expect([units, errors, peakBytes > 0]).toEqual([100, 0, true]);
    expect(cpuUs).toBeGreaterThan(2 * (idle[at]?.cpuUs ?? 0));
  }
});

/** A process that works or does not, as it is told. */
async function startWorker() {
  const code = `let isBusy = false;
    const work = () => {
      const end = process.cpuUsage().user + 2000;
      while (isBusy && process.cpuUsage().user < end);
      setTimeout(work, isBusy ? 0 : 5);
    };
    process.on('message', (value) => { isBusy = value; });
    process.send('ready');
    work();`;
  const child = spawn(process.execPath, ['--eval', code], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'message');
  return { pid: child.pid ?? 0, work: (isBusy: boolean) => child.send(isBusy) };
}
