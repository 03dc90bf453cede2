// Holds config.example.yaml, which is the reference for users, against the schema.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { JSONSchema } from 'zod/v4/core';
import { loadConfig } from '../../src/config/load-config.ts';
import { configJsonSchema } from '../../src/config/schema.ts';

const root = join(import.meta.dirname, '../..');
const example = readFileSync(join(root, 'config.example.yaml'), 'utf8');

/** The example with the optional keys switched on. */
const complete = parse(
  example
    .replaceAll(/^( *)# ([a-z0-9_]+:(?: |$))/gm, '$1$2')
    .replaceAll(/^# ( +(?:- )?[a-z0-9_]+:(?: |$))/gm, '$1'),
);

interface SchemaKey {
  readonly path: string;
  readonly default: unknown;
}

/** Every key of the schema as a path; `*` is whatever name or place the example gives. */
function keysOf(schema: JSONSchema.BaseSchema, path: readonly string[] = []): SchemaKey[] {
  const named = { ...schema.properties };
  if (typeof schema.additionalProperties === 'object') named['*'] = schema.additionalProperties;
  const item = schema.items as JSONSchema.BaseSchema | undefined;
  if (item?.properties) named['*'] = item;
  return Object.entries(named).flatMap(([name, child]) => {
    if (typeof child === 'boolean') return [];
    const at = [...path, name];
    return [{ path: at.join('.'), default: child.default }, ...keysOf(child, at)];
  });
}

function valueAt(path: string): unknown {
  const follow = (at: object, step: string) =>
    step === '*' ? Object.values(at)[0] : (at as Record<string, object>)[step];
  return path.split('.').reduce((at, step) => at && follow(at, step), complete);
}

const keys = keysOf(configJsonSchema());

test('the example loads as it stands', () => {
  const env = { SF_CLIENT_ID: 'key' };
  const config = loadConfig({ file: 'config.example.yaml', env, cwd: root });
  expect(config.defaultOrg).toBe('dev');
  expect(config.orgs.dev?.privateKeyFile).toBe(join(root, 'server.key'));
});

test('every key of the schema stands in the example', () => {
  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter(({ path }) => valueAt(path) === undefined)).toEqual([]);
});

test('a key with a default stands in the example with it', () => {
  const scalars = keys.filter((key) => typeof key.default === 'string');
  expect(scalars.map(({ path }) => [path, String(valueAt(path))])).toEqual(
    scalars.map((key) => [key.path, key.default]),
  );
});

test('every key of the example has its comment on the line before', () => {
  const lines = example.split('\n');
  const isKey = (line: string) => /^ *(# )?[a-z0-9_]+:( |$)/.test(line) && line !== '  dev:';
  const bare = lines.filter((line, index) => isKey(line) && !/^ *# /.test(lines[index - 1] ?? ''));
  expect(bare).toEqual([]);
});

test('the defaults in the program are those of the design', () => {
  const env = { SF_CLIENT_ID: 'key' };
  const config = loadConfig({ file: 'config.example.yaml', env, cwd: root });
  expect(config).toMatchObject({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
    upstream: {
      connectTimeoutMs: 5000,
      responseTimeoutMs: 600_000,
      loginTimeoutMs: 15_000,
      maxConnections: 128,
      replayBodyLimitBytes: 1_048_576,
      caFile: undefined,
      proxy: undefined,
    },
    log: { level: 'info', format: undefined },
  });
});

test('the JSON Schema tells editors what the loader will say', () => {
  const schema = configJsonSchema();
  const org = schema.properties?.orgs;
  expect(schema).toMatchObject({ type: 'object', required: ['orgs'], additionalProperties: false });
  expect(org).toMatchObject({
    propertyNames: { pattern: '^[A-Za-z0-9_-]+$' },
    additionalProperties: {
      required: ['login_url', 'client_id', 'username'],
      additionalProperties: false,
      oneOf: [{ required: ['private_key'] }, { required: ['private_key_file'] }],
    },
  });
  expect(JSON.stringify(schema)).not.toContain('readOnly');
});
