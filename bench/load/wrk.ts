// Load by wrk, which costs little beside what it measures. What a request looks like, and how the result is told, is said
// to it in Lua.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Workbench } from '../workbench.ts';
import type { Load, LoadRequest, LoadResult, LoadTool } from './load.ts';

/** Of a load that is ended: longer than any. */
const openSeconds = 600;
const askAgainMs = 200;

export async function createWrk(workbench: Workbench, program: string): Promise<LoadTool> {
  // It tells its version with its usage, and exits with 1.
  const text = await workbench.run({ program: 'sh', args: ['-c', '"$0" -v; true', program] });
  const [, version = ''] = /^wrk (?:debian\/)?(\S+)/.exec(text) ?? [];
  const command = ({ origin, connections, requests }: Load, seconds: number): Command => {
    const script = join(workbench.makeDirectory('wrk'), 'load.lua');
    writeFileSync(script, luaOf(requests));
    const args = [
      ['--threads', '1'],
      ['--connections', String(connections)],
      ['--duration', `${seconds}s`],
      // A slow answer is no wrong one.
      ['--timeout', '60s'],
      ['--script', script],
      origin + (requests[0]?.path ?? '/'),
    ];
    return { program, args: args.flat() };
  };
  return {
    name: 'wrk',
    version: `wrk ${version}`,
    run: async (load) => readResult(await workbench.run(command(load, load.seconds))),
    start: (load) => {
      const { child, isRunning, lastWords } = workbench.start('wrk', command(load, openSeconds));
      return {
        pause: () => child.kill('SIGSTOP'),
        resume: () => child.kill('SIGCONT'),
        end: async () => {
          const ended = isRunning() ? once(child, 'exit') : undefined;
          child.kill('SIGCONT');
          // It ends when its main thread hears this, and another may hear it instead.
          for (; isRunning(); await Promise.race([ended, sleep(askAgainMs)])) child.kill('SIGINT');
          return readResult(lastWords());
        },
      };
    },
  };
}

/** One request is written once by wrk itself; of several, the next is taken each time. */
function luaOf(requests: readonly LoadRequest[]): string {
  const [first, ...others] = requests;
  const send =
    first && others.length === 0
      ? [`wrk.method = ${text(first.method)}`, `wrk.headers = ${headers(first)}`, ...bodyOf(first)]
      : [
          'local turn = 0',
          'local texts = {}',
          'init = function()',
          ...requests.map((one) => `  texts[#texts + 1] = wrk.format(${argumentsOf(one)})`),
          'end',
          'request = function() turn = turn % #texts + 1; return texts[turn] end',
        ];
  return `${[...send, report].join('\n')}\n`;
}

const report = `done = function(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"errors":%d,"p50Us":%d,"p99Us":%d}\\n',
    summary.requests, summary.duration,
    failed.connect + failed.read + failed.write + failed.status,
    latency:percentile(50), latency:percentile(99)))
end`;

function argumentsOf(request: LoadRequest): string {
  const body = request.body === undefined ? 'nil' : text(request.body);
  return [text(request.method), text(request.path), headers(request), body].join(', ');
}

function bodyOf({ body }: LoadRequest): string[] {
  return body === undefined ? [] : [`wrk.body = ${text(body)}`];
}

function headers(request: LoadRequest): string {
  const pairs = Object.entries(request.headers).map(
    ([name, value]) => `[${text(name)}] = ${text(value)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}

/** Of plain ASCII, JSON's strings are Lua's too. */
function text(value: string): string {
  return JSON.stringify(value);
}

function readResult(output: string): LoadResult {
  const [, json] = /^RESULT (.*)$/m.exec(output) ?? [];
  if (json === undefined) throw new Error(`wrk told no result: ${output}`);
  const { requests, microseconds, errors, p50Us, p99Us } = JSON.parse(json);
  return { requests, errors, p50Us, p99Us, seconds: microseconds / 1e6 };
}
