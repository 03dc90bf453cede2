import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { processTree } from '../../../bench/measure/process-tree.ts';
import { readResidentBytes, usageOf } from '../../../bench/measure/process-usage.ts';
import { waitFor } from '../../support/wait-for.ts';

test('what the children of a process use is counted with it', async () => {
  const busyForMs = 300;
  const child = spawn('sh', [
    '-c',
    `"$0" -e 'const kept = Buffer.alloc(5e7, 1); const end = process.cpuUsage().user + ${busyForMs * 1000};
      while (process.cpuUsage().user < end); setInterval(() => kept, 1000)'; true`,
    process.execPath,
  ]);
  const pid = child.pid ?? 0;
  onTestFinished(() => {
    for (const one of processTree(pid)) process.kill(one, 'SIGKILL');
  });
  const usage = usageOf(pid);
  await waitFor(() => usage.cpuUs() >= busyForMs * 1000, 'the CPU time of the child');
  expect(processTree(pid)).toHaveLength(2);
  expect(readResidentBytes(pid)).toBeGreaterThan(5e7);
  usage.resetPeak();
  expect(usage.peakBytes()).toBeGreaterThan(5e7);
});

test('a process that has ended has used nothing that could be told', () => {
  const usage = usageOf(2 ** 30);
  expect(usage.cpuUs()).toBe(0);
  expect(usage.peakBytes()).toBe(0);
});
