// Where the configuration comes from: the given file, else config.yaml, else one org from the environment.
// Loading reads that file and nothing else, and tells every mistake at once.
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ProxyError } from '../errors.ts';
import { type ConfigInput, collectProblems } from './config-problems.ts';
import { orgVariables, readEnvironmentInput } from './environment-input.ts';
import { type Config, configSchema } from './schema.ts';
import { readYamlInput } from './yaml-input.ts';

export interface LoadConfigOptions {
  /** As the user typed it: relative to `cwd`, and shown so in messages. */
  readonly file?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

const defaultFile = 'config.yaml';
const maxFileBytes = 1024 ** 2;

export function loadConfig({ file, env, cwd }: LoadConfigOptions): Config {
  const label = file ?? defaultFile;
  const path = resolve(cwd, label);
  const source = readText(path, label);
  if (source !== undefined) return validate(readYamlInput(source, label, env), dirname(path));
  if (file !== undefined) throw invalid(`${label}: there is no such file`);
  const input = readEnvironmentInput(env);
  if (input === undefined) throw invalid(howToBegin);
  return validate(input, cwd);
}

const howToBegin =
  `there is no ${defaultFile} here. Copy config.example.yaml to ${defaultFile} and fill it in, ` +
  `or set ${orgVariables.slice(0, 3).join(', ')} and SF_PRIVATE_KEY or SF_PRIVATE_KEY_FILE, ` +
  'or try it without an org: npm run demo';

function validate(input: ConfigInput, baseDir: string): Config {
  const result = configSchema(baseDir).safeParse(input.value);
  const problems = collectProblems(input, result.error?.issues ?? []);
  if (result.success && problems.length === 0) return result.data;
  throw invalid(input.render(problems).join('\n'));
}

/** Undefined when there is no such file. */
function readText(path: string, label: string): string | undefined {
  const bytes = readBytes(path, label);
  if (bytes === undefined) return undefined;
  if (bytes.length > maxFileBytes) throw invalid(`${label}: larger than 1 MiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(`${label}: not UTF-8 text`, cause);
  }
}

/** At most one byte more than is allowed: the file may be a pipe, which has no size. */
function readBytes(path: string, label: string): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    let count = 0;
    do {
      count = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += count;
    } while (count > 0 && length < buffer.length);
    return buffer.subarray(0, length);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === 'ENOENT') return undefined;
    throw invalid(`${label}: ${unreadable(code)}`, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(code: string | undefined): string {
  if (code === 'EISDIR') return 'a directory, expected a YAML file';
  if (code === 'EACCES' || code === 'EPERM') return 'not readable: permission denied';
  return `not readable${code === undefined ? '' : ` (${code})`}`;
}

function invalid(message: string, cause?: unknown): ProxyError {
  return new ProxyError('config_invalid', message, cause === undefined ? {} : { cause });
}
