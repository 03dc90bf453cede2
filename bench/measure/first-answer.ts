// How long a process needs until it answers: somebody tries to connect from before it was started, and sends one request
// as soon as that succeeds.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadRequest } from '../load/load.ts';
import type { RunningProcess } from '../workbench.ts';

const timeoutMs = 20_000;
const everyMs = 2;

/** Milliseconds from the call of `start`. */
export async function measureFirstAnswer(
  port: number,
  request: LoadRequest,
  start: () => RunningProcess,
): Promise<{ milliseconds: number; process: RunningProcess }> {
  const startedMs = performance.now();
  const process = start();
  try {
    let status = await tryOnce(port, request);
    while (status === undefined) {
      if (!process.isRunning()) throw new Error(`it ended at once: ${process.lastWords()}`);
      if (performance.now() - startedMs > timeoutMs) {
        throw new Error(`no answer within ${timeoutMs} ms: ${process.lastWords()}`);
      }
      await sleep(everyMs);
      status = await tryOnce(port, request);
    }
    const milliseconds = performance.now() - startedMs;
    if (status !== 200) throw new Error(`the first answer was ${status}: ${process.lastWords()}`);
    return { milliseconds, process };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** Resolves with the status, or with undefined where nothing listens yet. */
function tryOnce(
  port: number,
  { method, path, headers }: LoadRequest,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.once('connect', () => {
      socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    });
    socket.once('data', (data) => {
      resolve(Number(data.toString('latin1').split(' ')[1]));
      socket.destroy();
    });
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}
