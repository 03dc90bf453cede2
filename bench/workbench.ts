// Where a run works: a temporary directory and the processes that it started. Whatever way the run ends, both are gone
// afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree } from './measure/process-tree.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside PATH: the environment is otherwise empty, so that no proxy setting gets in between. */
  readonly env?: Readonly<Record<string, string>>;
  /** With a channel for messages, as `fork` has. */
  readonly hasChannel?: boolean;
}

export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The end of what it wrote, for an error message. */
  lastWords(): string;
  isRunning(): boolean;
  stop(): Promise<void>;
}

/** How long a process may take to end before it is killed. */
const endMs = 1000;

export class Workbench {
  readonly directory = mkdtempSync(join(tmpdir(), 'sf-auth-proxy-bench-'));
  readonly #running = new Set<RunningProcess>();
  /** Those that end by themselves. */
  readonly #programs = new Set<ChildProcess>();
  #count = 0;
  #isClosed = false;

  constructor() {
    // For what no `finally` sees: an exception that nobody caught.
    process.once('exit', this.#clear);
  }

  /** A directory of its own below the temporary one. */
  makeDirectory(name: string): string {
    this.#count += 1;
    const directory = join(this.directory, `${this.#count}-${name}`);
    mkdirSync(directory);
    return directory;
  }

  /** Starts a process whose output goes to a file, as an operator would have it. */
  start(name: string, command: Command): RunningProcess {
    this.#refuseIfClosed();
    const output = join(this.makeDirectory(name), 'output.log');
    const file = openSync(output, 'a');
    const child = spawn(command.program, command.args, {
      cwd: this.directory,
      env: environment(command),
      stdio: ['ignore', file, file, ...(command.hasChannel ? (['ipc'] as const) : [])],
    });
    closeSync(file);
    const { pid } = child;
    // An unknown program has no pid; the event says why.
    child.once('error', () => {});
    if (pid === undefined) throw new Error(`${command.program} cannot be started`);
    const ended = once(child, 'exit').then(() => this.#running.delete(running));
    const running: RunningProcess = {
      pid,
      child,
      lastWords: () => readFileSync(output, 'utf8').slice(-2000),
      isRunning: () => child.exitCode === null && child.signalCode === null,
      stop: async () => {
        const tree = processTree(pid);
        child.kill('SIGTERM');
        await Promise.race([ended, sleep(endMs, undefined, { ref: false })]);
        if (running.isRunning()) killAll(tree);
        await ended;
      },
    };
    this.#running.add(running);
    return running;
  }

  /** Runs a program to its end. Resolves with its stdout; rejects with its stderr where the exit code is not 0. */
  async run(command: Command): Promise<string> {
    this.#refuseIfClosed();
    const child = spawn(command.program, command.args, {
      cwd: this.directory,
      env: environment(command),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    this.#programs.add(child);
    const [code] = await once(child, 'close').finally(() => this.#programs.delete(child));
    if (code === 0) return output.stdout;
    throw new Error(`${command.program}: exit code ${code}: ${output.stderr}${output.stdout}`);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#killPrograms();
    await Promise.all([...this.#running].map((one) => one.stop()));
    this.#clear();
    process.off('exit', this.#clear);
  }

  /** A signal closes while a run still goes on: what that wants to start next would be left over. */
  #refuseIfClosed(): void {
    if (this.#isClosed) throw new Error('the run has been ended');
  }

  #killPrograms(): void {
    for (const { pid } of this.#programs) if (pid !== undefined) killAll(processTree(pid));
  }

  readonly #clear = () => {
    this.#killPrograms();
    for (const { pid } of this.#running) killAll(processTree(pid));
    rmSync(this.directory, { recursive: true, force: true });
  };
}

/** Below the ports that the system hands out for outgoing connections, so that none of those takes it meanwhile. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found between 20000 and 32000');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

function environment({ env }: Command): Record<string, string> {
  return { PATH: process.env.PATH ?? '', ...env };
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
