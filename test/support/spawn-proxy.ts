// The program as a process of its own: for what only a process has (exit codes, signals, its output, its memory).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { assertNoSecrets } from './no-secrets.ts';
import { waitFor } from './wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface SpawnedProxy {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The address of "listening on …", once it has been printed. */
  address(): Promise<string>;
  /** Resolves with the exit code, or the signal that ended it. */
  exit(): Promise<number | NodeJS.Signals | null>;
}

/** Ends with the test. Arguments as on the command line; `env` replaces the whole environment but PATH,
 * and `cli` the sources. */
export function spawnProxy(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; cli?: string } = {},
): SpawnedProxy {
  const child = spawn(process.execPath, [options.cli ?? `${root}src/cli.ts`, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const closed = once(child, 'close').then(([code, signal]) => code ?? signal);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
    // The one command whose output is a secret.
    if (args[0] !== 'client-key') assertNoSecrets(stdout + stderr, `the output of ${args[0]}`);
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    exit: () => closed,
    address: async () => {
      const line = /listening on (\S+?)"?[,}\s]/;
      await waitFor(() => line.test(stdout) || child.exitCode !== null, `an address: ${stderr}`);
      const address = line.exec(stdout)?.[1];
      if (!address) throw new Error(`it ended with ${child.exitCode}: ${stderr}`);
      return address;
    },
  };
}
