// Waiting until a process that was started listens on its port.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from './workbench.ts';

export async function untilAccepts(
  port: number,
  process: RunningProcess,
  { timeoutMs = 15_000, everyMs = 10 } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await accepts(port))) {
    if (!process.isRunning()) throw new Error(`it ended at once: ${process.lastWords()}`);
    if (performance.now() > deadline) {
      throw new Error(`nothing listens on port ${port}: ${process.lastWords()}`);
    }
    await sleep(everyMs);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
