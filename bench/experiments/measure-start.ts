// What a process costs before it does anything, and when it has nothing to do: time to the first answer, and memory at rest.
import { setTimeout as sleep } from 'node:timers/promises';
import { measureFirstAnswer } from '../measure/first-answer.ts';
import { readResidentBytes } from '../measure/process-usage.ts';
import type { StartResult } from '../results.ts';
import { smallGet } from '../scenarios.ts';
import { freePort } from '../workbench.ts';
import { type Bench, type PreparedContestant, stopAll, type Target } from './experiment.ts';

interface Started extends Target {
  readonly firstAnswerMs: readonly number[];
}

export async function measureStart(
  bench: Bench,
  contestants: readonly PreparedContestant[],
): Promise<StartResult[]> {
  const { loadTool, effort, progress } = bench;
  const started: Started[] = [];
  try {
    for (const one of contestants) {
      progress(`start: ${one.contestant.name}`);
      started.push(await startOften(bench, one));
    }
    const results: StartResult[] = [];
    progress('start: at rest');
    await sleep(effort.idleMs);
    for (const { name, firstAnswerMs, process } of started) {
      results.push({ name, firstAnswerMs, idleBytes: readResidentBytes(process.pid) });
    }
    if (!effort.hasRestAfterLoad) return results;
    for (const { name, origin } of started) {
      progress(`start: load for ${name}`);
      await loadTool.run({ origin, connections: 32, seconds: 1, requests: [smallGet] });
    }
    progress('start: at rest after load');
    await sleep(effort.idleMs);
    return results.map((result, at) => ({
      ...result,
      idleAfterLoadBytes: readResidentBytes(started[at]?.process.pid ?? 0),
    }));
  } finally {
    await stopAll(started);
  }
}

/** The last one goes on. */
async function startOften(
  { workbench, effort }: Bench,
  { contestant: { name }, prepared }: PreparedContestant,
): Promise<Started> {
  const firstAnswerMs: number[] = [];
  for (;;) {
    const port = await freePort();
    const command = prepared.command(port);
    const { milliseconds, process } = await measureFirstAnswer(port, smallGet, () =>
      workbench.start(name, command),
    );
    firstAnswerMs.push(milliseconds);
    if (firstAnswerMs.length >= effort.starts) {
      return { name, origin: `http://127.0.0.1:${port}`, process, firstAnswerMs };
    }
    await process.stop();
  }
}
