// The layers of src, executed: each line may import from the lines below it, and skipping is fine.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// A name is a folder of src or a file at its root; names on one line may not import one another.
const layers = [
  ['cli'],
  ['commands'],
  ['server'],
  ['operations'],
  ['metrics', 'admin'],
  ['proxy-state'],
  ['org', 'listener', 'http-server'],
  ['org-login'],
  ['log'],
  ['app'],
  ['middleware'],
  ['sign-in'],
  ['forward'],
  ['connections'],
  ['limits'],
  ['policy'],
  ['session'],
  ['salesforce'],
  ['config'],
  ['events'],
  ['errors', 'end-of-turn', 'header-name'],
];

/** Stands apart: it shares no code with the proxy, so that it cannot share its mistakes. */
const apart = 'simulator';
const usersOfSimulator = ['commands', apart];

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = filesOf('src');
const imports = sources.flatMap((from) => importsOf(from).map((to) => ({ from, to })));

test('every source file has a layer', () => {
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.filter((file) => layerOf(file) < 0 && nameOf(file) !== apart)).toEqual([]);
});

test('no import points upward', () => {
  const upward = imports.filter(({ from, to }) => {
    if (nameOf(from) === apart || nameOf(to) === apart || nameOf(from) === nameOf(to)) return false;
    return layerOf(to) <= layerOf(from);
  });
  expect(upward).toEqual([]);
});

test('the simulator is isolated', () => {
  const crossing = imports.filter(
    ({ from, to }) =>
      (nameOf(from) === apart && nameOf(to) !== apart) ||
      (nameOf(to) === apart && !usersOfSimulator.includes(nameOf(from))),
  );
  expect(crossing).toEqual([]);
});

test('every unit test sits at the path of its source', () => {
  const astray = filesOf('test')
    .filter((file) => file.endsWith('.test.ts') && file !== 'test/architecture.test.ts')
    .filter((file) => !/^test\/(e2e|support|bench)\//.test(file))
    .filter((file) => !sources.includes(file.replace(/^test\/(.*)\.test\.ts$/, 'src/$1.ts')));
  expect(astray).toEqual([]);
});

function filesOf(folder: string): string[] {
  return globSync(`${folder}/**/*.ts`, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

/** The files that a file imports, types and lazy imports included. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.{1,2}\/[^']+\.ts)'/g);
  return [...found].map(([, path = '']) => {
    const target = relative(root, join(root, dirname(file), path)).replaceAll('\\', '/');
    if (!existsSync(join(root, target)))
      throw new Error(`${file} imports ${path}, which is not there`);
    return target;
  });
}

function nameOf(file: string): string {
  return file.replace(/^src\//, '').replace(/(\/.*|\.ts)$/, '');
}

function layerOf(file: string): number {
  return layers.findIndex((names) => names.includes(nameOf(file)));
}
