// Load by autocannon, where wrk is missing. It runs in this process, and costs more than most of what it measures: ratios
// of CPU hold, rates are lower than they could be.
import { readFileSync } from 'node:fs';
import autocannon, { type Result } from 'autocannon';
import { quantile, rotate } from '../statistics.ts';
import type { LoadResult, LoadTool, TimedLoad } from './load.ts';

/** How often it looks whether the time is up. */
const sampleMs = 50;

export function createAutocannon(): LoadTool {
  const file = new URL('../../node_modules/autocannon/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8'));
  return { name: 'autocannon', version: `autocannon ${version}`, run: runAutocannon };
}

async function runAutocannon(load: TimedLoad): Promise<LoadResult> {
  const requests = load.requests.map(({ method, path, headers, body }) => ({
    method,
    path,
    headers: { ...headers },
    ...(body !== undefined && { body }),
  }));
  // Its own figures are whole milliseconds: too coarse for what a proxy adds.
  const timesMs: number[] = [];
  let refused = 0;
  let turn = 0;
  const startedMs = performance.now();
  const { errors } = await new Promise<Result>((resolve, reject) => {
    const run = autocannon(
      {
        url: load.origin,
        connections: load.connections,
        duration: load.seconds,
        timeout: 60,
        sampleInt: sampleMs,
        // The upstream's certificate is this run's own.
        tlsOptions: { rejectUnauthorized: false },
        requests: requests.slice(0, 1),
        setupClient: (client) => {
          client.setRequests(rotate(requests, turn));
          turn += 1;
        },
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
    run.on('response', (_client, status, _bytes, timeMs) => {
      timesMs.push(timeMs);
      if (status < 200 || status > 299) refused += 1;
    });
  });
  return {
    requests: timesMs.length,
    seconds: (performance.now() - startedMs) / 1000,
    errors: errors + refused,
    p50Us: quantile(timesMs, 0.5) * 1000,
    p99Us: quantile(timesMs, 0.99) * 1000,
  };
}
