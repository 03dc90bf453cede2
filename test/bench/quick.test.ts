// The benchmark itself, as real processes: that it runs, that all answer alike and that its results are written. Nothing
// here is about times.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { judge } from '../../bench/report/goals.ts';
import type { Results } from '../../bench/results.ts';
import { quickScenarioNames } from '../../bench/scenarios.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const timeoutMs = 600_000;

test('a quick run measures every contestant that is there', { timeout: timeoutMs }, async () => {
  const bench = startBench(['--quick']);
  expect(await bench.exit(), bench.stderr()).toBe(0);
  const results: Results = JSON.parse(readFileSync(join(bench.out, 'results.json'), 'utf8'));
  expect(results.faults).toEqual([]);

  const names = results.contestants.map(({ name }) => name);
  if (process.env.CI === 'true') expect(results.absent).toEqual([]);
  // They need nothing but what npm has installed.
  const always = ['ours', 'ours-bare', 'fastify', 'http-proxy-middleware', 'hono'];
  expect(names).toEqual(expect.arrayContaining(always));
  expect(names.length + results.absent.length).toBe(8);
  const measured = results.scenarios.map(({ name }) => name);
  expect([...measured, 'start', 'heap'].sort()).toEqual([...quickScenarioNames].sort());
  for (const { entries, leftOut, variable } of results.scenarios) {
    expect(leftOut).toEqual([]);
    if (variable === undefined) expect(entries.map(({ name }) => name)).toEqual(names);
    for (const { rounds } of entries) {
      expect(rounds.every(({ units, cpuUs = 0 }) => units > 0 && cpuUs > 0)).toBe(true);
    }
  }
  expect(results.starts?.map(({ name }) => name)).toEqual(names);

  const tables = readFileSync(join(bench.out, 'tables.md'), 'utf8');
  expect(bench.stdout()).toBe(tables);
  for (const { goal, verdict } of judge(results)) {
    expect(['met', 'missed', 'not measured']).toContain(verdict);
    expect(tables).toContain(`| ${goal} `);
  }
  for (const { label } of results.contestants) expect(tables).toContain(label);
  for (const theme of ['light', 'dark']) {
    const svg = readFileSync(join(bench.out, `cpu-per-request-${theme}.svg`), 'utf8');
    expect(svg).toMatch(/^<svg .*<\/svg>\s*$/s);
    for (const { label } of results.contestants) {
      expect(svg).toContain(label.replaceAll("'", '&#39;'));
    }
  }
  expect(bench.leftovers()).toEqual([]);
});

test('without nginx and wrk it runs all the same', { timeout: timeoutMs }, async () => {
  const bench = startBench(
    [
      ['--quick', '--scenario', 'get-1,upload,clients,heap', '--only', 'ours,fastify'],
      ['--upstream', 'node', '--load', 'autocannon'],
    ].flat(),
  );
  expect(await bench.exit(), bench.stderr()).toBe(0);
  expect(bench.stdout()).toMatch(/the load comes from autocannon .* the answers from Node\.js/i);
  expect(bench.stdout()).toContain('no proxy: the upstream itself');
});

const ended = 'a run of %s that is ended leaves nothing behind';
test.each(['get-32', 'clients'])(ended, { timeout: timeoutMs }, async (scenario) => {
  const bench = startBench(['--quick', '--scenario', scenario, '--rounds', '99']);
  await waitFor(() => bench.stderr().includes('round 2'), 'the second round', 300_000);
  expect(bench.leftovers()).not.toEqual([]);
  bench.end('SIGINT');
  expect(await bench.exit()).toBe(130);
  await waitFor(() => bench.leftovers().length === 0, 'its processes and files to be gone');
});

test('what is wrong is told before anything is measured', async () => {
  const wrong = startBench(['--scenario', 'get-33']);
  expect(await wrong.exit()).toBe(2);
  expect(wrong.stderr()).toContain('There is no get-33');
  const missing = startBench(['--quick', '--cli', '/nowhere/cli.js']);
  expect(await missing.exit()).toBe(1);
  expect(missing.stderr()).toContain('npm run build');
  const homeless = startBench(['--json', '/nowhere/results.json']);
  expect(await homeless.exit()).toBe(1);
  expect(homeless.stderr()).toContain('/nowhere');
});

/** Ends with the test. It measures the sources, so that nobody has to build. */
function startBench(args: readonly string[]) {
  const directory = temporaryDirectory();
  const out = temporaryDirectory();
  const argv = [join(root, 'bench/bench.ts'), '--cli', join(root, 'src/cli.ts'), '--out', out];
  const child = spawn(process.execPath, [...argv, ...args], {
    env: { PATH: process.env.PATH, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const closed = once(child, 'close').then(([code, signal]) => code ?? signal);
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  return {
    out,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exit: () => closed,
    end: (signal: NodeJS.Signals) => child.kill(signal),
    /** Files in its temporary directory, and processes that work there. */
    leftovers: () => [...readdirSync(directory), ...processesIn(directory)],
  };
}

function processesIn(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .map((name) => readCommand(name))
    .filter((command) => command.includes(directory));
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
