// How a mistake in the configuration is told: one line with its place, its path and what is expected. A value
// is repeated only where it is neither secret nor from the environment.
import type * as z from 'zod';
import { configJsonSchema } from './schema.ts';

export type ConfigPath = readonly PropertyKey[];

export interface ConfigProblem {
  readonly path: ConfigPath;
  readonly text: string;
}

/** The configuration as it was written, before the schema has seen it. */
export interface ConfigInput {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Such a value is not repeated in a message. */
  isFromEnvironment(path: ConfigPath): boolean;
  /** One line each, in the order of the file. */
  render(problems: readonly ConfigProblem[]): string[];
}

const maxShownLength = 60;

/** The problems of the input itself, and the first of the schema's at every other path. */
export function collectProblems(
  input: ConfigInput,
  issues: readonly z.core.$ZodIssue[],
): ConfigProblem[] {
  const told = new Set(input.problems.map(({ path }) => formatPath(path)));
  const problems = [...input.problems];
  for (const problem of issues.flatMap((issue) => describeIssue(issue, input))) {
    const path = formatPath(problem.path);
    if (!told.has(path)) problems.push(problem);
    told.add(path);
  }
  return problems;
}

export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((start, step) => {
    if (typeof step === 'number') return `${start}[${step}]`;
    const name = /^[\w-]{1,60}$/.test(String(step)) ? String(step) : shown(String(step));
    return start === '' ? name : `${start}.${name}`;
  }, '');
}

function describeIssue(issue: z.core.$ZodIssue, input: ConfigInput): ConfigProblem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], text: unknownKey(path, key) }));
  if (issue.code === 'invalid_key')
    return [{ path, text: issue.issues[0]?.message ?? issue.message }];
  const value = valueAt(input.value, path);
  if (value === undefined) return [{ path, text: `missing, ${issue.message}` }];
  return [{ path, text: issue.message + got(issue, value, input.isFromEnvironment(path)) }];
}

function got(issue: z.core.$ZodIssue, value: unknown, isFromEnvironment: boolean): string {
  const isWrongType = issue.code === 'invalid_type';
  if (typeof value !== 'string') {
    const kind = Array.isArray(value) ? 'a list' : 'a map';
    return isWrongType || issue.code === 'invalid_value' ? `, got ${kind}` : '';
  }
  if (value === '') return ', got nothing';
  const isSecret = issue.code === 'custom' && issue.params?.isSecret !== false;
  if (isWrongType || isSecret || isFromEnvironment || mayBeSecret(value)) return '';
  return `, got ${shown(value)}`;
}

/** A key or a URL with a password that was put under the wrong name. */
function mayBeSecret(value: string): boolean {
  return /-----BEGIN|\n|@/.test(value) || value.length > 200;
}

function shown(value: string): string {
  return JSON.stringify(
    value.length > maxShownLength ? `${value.slice(0, maxShownLength)}…` : value,
  );
}

function unknownKey(path: ConfigPath, key: string): string {
  const known = knownKeysAt(path);
  const [closest] = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 4)))
    .sort((a, b) => a.distance - b.distance);
  if (closest !== undefined) return `unknown key, did you mean ${closest.name}?`;
  return `unknown key, expected one of ${known.join(', ')}`;
}

function knownKeysAt(path: ConfigPath): string[] {
  let schema: z.core.JSONSchema.BaseSchema | undefined = configJsonSchema();
  for (const step of path) {
    const next: z.core.JSONSchema._JSONSchema | undefined =
      schema?.properties?.[String(step)] ??
      (schema?.items as z.core.JSONSchema.BaseSchema | undefined) ??
      schema?.additionalProperties;
    schema = typeof next === 'object' ? next : undefined;
  }
  return Object.keys(schema?.properties ?? {});
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, left] of [...a.slice(0, maxShownLength)].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const replace = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replace, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((at, step) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    return Reflect.get(at, step);
  }, value);
}
