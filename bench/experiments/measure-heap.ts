// Whether requests leave something behind: the heap after a collection, again and again under load.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { everythingOn } from '../contestants/ours.ts';
import type { HeapResult } from '../results.ts';
import { smallGet } from '../scenarios.ts';
import { type Point, slope } from '../statistics.ts';
import { type Bench, startTarget, type Target } from './experiment.ts';

const probe = fileURLToPath(new URL('../measure/heap-probe.ts', import.meta.url));

export async function measureHeap(bench: Bench): Promise<HeapResult> {
  const { workbench, upstream, cli, effort, progress } = bench;
  const { command } = await everythingOn(cli, { workbench, upstream });
  const target = await startTarget(workbench, 'heap', (port) => {
    const { program, args } = command(port);
    // V8 gives up the code of the start some time later, 5 MB at once: a leak would hide behind that.
    const flags = ['--expose-gc', '--no-flush-bytecode', '--import', probe];
    return { program, args: [...flags, ...args], hasChannel: true };
  });
  try {
    const every = effort.heapRequests / effort.heapSamples;
    const samples: Point[] = [];
    // Before the first sample everything has been used: what is made once does not count.
    await sendAtLeast(bench, target, every);
    samples.push({ x: 0, y: await readHeapBytes(target) });
    for (let requests = 0; requests < effort.heapRequests; ) {
      progress(`heap: ${requests} of ${effort.heapRequests} requests`);
      requests += await sendAtLeast(bench, target, every);
      samples.push({ x: requests, y: await readHeapBytes(target) });
    }
    return { samples, bytesPerRequest: slope(samples) };
  } finally {
    await target.process.stop();
  }
}

async function sendAtLeast(bench: Bench, { origin }: Target, requests: number): Promise<number> {
  let sent = 0;
  while (sent < requests) {
    const load = { origin, connections: 32, requests: [smallGet], seconds: 1 };
    const result = await bench.loadTool.run(load);
    if (result.requests === 0 || result.errors > 0) {
      throw new Error(`heap: ${result.errors} errors in ${result.requests} requests`);
    }
    sent += result.requests;
  }
  return sent;
}

async function readHeapBytes({ process: { child } }: Target): Promise<number> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
  child.send('heap');
  const [bytes] = await answer;
  return Number(bytes);
}
