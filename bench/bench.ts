// `npm run bench`: our proxy side by side with its peers. Progress goes to stderr, the result to stdout and to files.
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommanderError } from 'commander';
import { type BenchOptions, parseOptions } from './options.ts';
import { renderChart } from './report/chart.ts';
import { renderReport } from './report/report.ts';
import type { Results } from './results.ts';
import { run } from './run.ts';
import { Workbench } from './workbench.ts';

/** 0: everything ran; 1: a wrong answer or an error; 2: wrong arguments. A goal that is missed is a verdict, no error. */
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await measure(parseOptions(argv));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

async function measure(options: BenchOptions): Promise<number> {
  const why = whyImpossible(options);
  if (why !== undefined) {
    say(why);
    return 1;
  }
  const workbench = new Workbench();
  const signals = { SIGINT: 130, SIGTERM: 143 };
  for (const [signal, code] of Object.entries(signals)) {
    process.once(signal, () => void workbench.close().finally(() => process.exit(code)));
  }
  try {
    const results = await run(options, workbench, sayWithTime);
    writeResults(results, options);
    for (const fault of results.faults) say(fault);
    return results.faults.length === 0 ? 0 : 1;
  } finally {
    await workbench.close();
  }
}

function whyImpossible({ cli, directory, jsonFile }: BenchOptions): string | undefined {
  if (!existsSync('/proc/self/stat')) {
    return 'CPU and memory are read from /proc, which only Linux has: the benchmark cannot run here';
  }
  if (!existsSync(cli)) return `${cli} is missing: run \`npm run build\` first`;
  return whyUnwritable(directory, jsonFile);
}

/** Makes the directory. */
function whyUnwritable(directory: string, jsonFile: string | undefined): string | undefined {
  const folders = jsonFile === undefined ? [directory] : [directory, dirname(jsonFile)];
  try {
    mkdirSync(directory, { recursive: true });
    for (const folder of folders) accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return `the results could not be written: ${(error as Error).message}`;
  }
}

function writeResults(results: Results, { directory, jsonFile }: BenchOptions): void {
  const json = `${JSON.stringify(results, null, 2)}\n`;
  const report = renderReport(results);
  writeFileSync(join(directory, 'results.json'), json);
  writeFileSync(join(directory, 'tables.md'), report);
  for (const theme of ['light', 'dark'] as const) {
    const chart = renderChart(results, theme);
    if (chart === undefined) continue;
    writeFileSync(join(directory, `cpu-per-request-${theme}.svg`), chart);
  }
  if (jsonFile !== undefined) writeFileSync(jsonFile, json);
  process.stdout.write(report);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function sayWithTime(text: string): void {
  say(
    `${Math.round(performance.now() / 1000)
      .toString()
      .padStart(4)} s  ${text}`,
  );
}
