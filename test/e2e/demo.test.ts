// The first thing that anybody runs: `npm run demo`, and what it prints, taken at its word.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { isMissing } from '../support/is-missing.ts';
import { type SpawnedProxy, spawnProxy } from '../support/spawn-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A demo with a directory for temporary files of its own, once it has told what to try. */
async function startDemo(listen = '127.0.0.1:0') {
  const temporary = temporaryDirectory();
  const demo = spawnProxy(['demo', '--listen', listen], { env: { TMPDIR: temporary } });
  await waitFor(() => demo.stdout().includes('Ctrl-C ends') || demo.stderr() !== '', 'the demo');
  return { demo, temporary };
}

/** The lines to paste. */
function commandsOf({ stdout }: Pick<SpawnedProxy, 'stdout'>): string[] {
  return [...stdout().matchAll(/^ {2}(curl .+)$/gm)].map(([, command = '']) => command);
}

async function paste(command: string | undefined): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command ?? 'false']);
  return JSON.parse(stdout);
}

test.skipIf(isMissing('curl'))('each printed command works as printed', async () => {
  const { demo } = await startDemo();
  const [limits, query, create, endSessions, ...more] = commandsOf(demo);
  expect(more).toEqual([]);
  expect(await paste(limits)).toHaveProperty('DailyApiRequests');
  const { records } = await paste(query);
  expect(records).toHaveLength(3);
  expect(await paste(create)).toMatchObject({ success: true });
  // The session of the proxy, and nobody notices.
  expect(await paste(endSessions)).toBe(1);
  expect(await paste(limits)).toHaveProperty('DailyApiRequests');
  expect(demo.stderr()).toBe('');
});

test.skipIf(isMissing('curl'))('so it is behind a unix socket', async () => {
  const { demo } = await startDemo(`unix:${join(temporaryDirectory(), 'demo.sock')}`);
  const [limits] = commandsOf(demo);
  expect(await paste(limits)).toHaveProperty('DailyApiRequests');
});

test('the log stands above the instructions, a short line an event', async () => {
  const { demo } = await startDemo();
  const [before = '', after = ''] = demo.stdout().split('A simulated org');
  expect(before).toMatch(/listening on http.*\n.*dashboard.*\n.*logged in to demo as \S+\n\n$/);
  expect(after).toMatch(/Ctrl-C ends the demo\.\n\n$/);
  await fetch(`${await demo.address()}/services/data/v67.0/limits?secret=1`);
  await waitFor(() => demo.stdout().includes('GET'), 'the line of the request');
  expect(demo.stdout()).toMatch(/GET \/services\/data\/v67\.0\/limits 200\S*\n$/);
});

test('Ctrl-C ends it, and nothing is left behind', async () => {
  const { demo, temporary } = await startDemo();
  // Gone before anything could go wrong, so that even a kill leaves nothing.
  expect(readdirSync(temporary)).toEqual([]);
  demo.process.kill('SIGINT');
  expect(await demo.exit()).toBe(0);
  expect(demo.stderr()).toBe('');
});

test('a port in use is one line that says how to choose another', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await waitFor(() => other.listening, 'the other server');
  const { port } = other.address() as AddressInfo;
  const { demo, temporary } = await startDemo(`127.0.0.1:${port}`);
  expect(await demo.exit()).toBe(1);
  expect(demo.stdout()).not.toContain('http');
  expect(demo.stderr()).toMatch(
    /^Cannot listen on [^\n]+ in use\. [^\n]+--listen 127\.0\.0\.1:0[^\n]+\n$/,
  );
  expect(readdirSync(temporary)).toEqual([]);
});

test.skipIf(isMissing('npm'))('npm run demo takes its options and Ctrl-C', async () => {
  // A terminal sends Ctrl-C to the whole process group: to npm, its shell and the demo.
  const npm = spawn('npm', ['run', 'demo', '--', '--listen', '127.0.0.1:0'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  npm.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const closed = once(npm, 'close');
  const signal = (name: NodeJS.Signals) => process.kill(-(npm.pid ?? 0), name);
  onTestFinished(async () => {
    if (npm.exitCode === null && npm.signalCode === null) signal('SIGKILL');
    await closed;
  });
  await waitFor(() => stdout.includes('Ctrl-C ends'), 'the demo');
  expect(stdout).toMatch(/listening on http:\/\/127\.0\.0\.1:\d+/);
  signal('SIGINT');
  await closed;
  expect(stdout).toContain('SIGINT: stopping');
});
