// Reads a YAML file into plain values with their places (YAML 1.2, failsafe schema: every scalar is text), and
// puts the environment into them. YAML's own error messages quote the file, keys included, so ours replace them.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { ProxyError } from '../errors.ts';
import {
  type ConfigInput,
  type ConfigPath,
  type ConfigProblem,
  formatPath,
} from './config-problems.ts';
import { resolveReferences } from './secret-ref.ts';

const syntaxMessages: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias (*name) without its anchor (&name)',
  BAD_DQ_ESCAPE: 'an unknown escape in a double-quoted text; use single quotes',
  BAD_INDENT: 'wrong indentation',
  BAD_SCALAR_START: 'a text that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a key and its map on one line; or a text with ": " in it, which needs quotes',
  MISSING_CHAR: 'a character is missing here: a quote, a bracket, a comma or a colon',
  MULTILINE_IMPLICIT_KEY:
    'a line without "key: value"; text of several lines needs a | and indentation',
  MULTIPLE_DOCS: 'a second document (---): expected one',
  RESOURCE_EXHAUSTION: 'nested too deep',
  TAB_AS_INDENT: 'a tab as indentation: use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!name), which is not supported',
};

const quoteHint = `; inside { } or [ ], "$\{NAME}" needs its quotes`;

/** `label` is the file's name as messages show it. Throws on the first place that is not YAML. */
export function readYamlInput(source: string, label: string, env: NodeJS.ProcessEnv): ConfigInput {
  const lines = new LineCounter();
  const document = parseYaml(source, label, lines);
  const { problems, fromEnvironment } = insertEnvironment(document, env);
  const place = (node: Node | undefined) => lines.linePos(node?.range?.[0] ?? 0);
  return {
    value: plainValue(document, label),
    problems,
    isFromEnvironment: (path) => fromEnvironment.has(entryAt(document, path).value),
    render: (all) =>
      all
        .map(({ path, text }) => ({ path, text, at: place(entryAt(document, path).anchor) }))
        .sort((a, b) => a.at.line - b.at.line || a.at.col - b.at.col)
        .map(({ path, text, at }) => `${label}:${at.line}:${at.col} ${atPath(path)}${text}`),
  };
}

function atPath(path: ConfigPath): string {
  return path.length === 0 ? '' : `${formatPath(path)}: `;
}

function parseYaml(source: string, label: string, lines: LineCounter): Document {
  const document = parseDocument(source, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake !== undefined) {
    const { line, col } = lines.linePos(mistake.pos[0]);
    const text = syntaxMessages[mistake.code] ?? 'not well-formed YAML';
    const unquoted = source.split('\n')[line - 1]?.includes('${') ? quoteHint : '';
    throw new ProxyError(
      'config_invalid',
      `${label}:${line}:${col} malformed YAML: ${text}${unquoted}`,
    );
  }
  if (isBlank(document.contents)) {
    throw new ProxyError(
      'config_invalid',
      `${label}: the file is empty; copy config.example.yaml and fill it in`,
    );
  }
  return document;
}

function isBlank(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === '');
}

function plainValue(document: Document, label: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    const text = `${label}: YAML aliases (*name) without an anchor (&name), or too many of them`;
    throw new ProxyError('config_invalid', text, { cause });
  }
}

/** Changes the scalars in place; aliases then show the same value, and are not followed. */
function insertEnvironment(document: Document, env: NodeJS.ProcessEnv) {
  const problems: ConfigProblem[] = [];
  const fromEnvironment = new Set<unknown>();

  function visit(node: unknown, path: ConfigPath): void {
    if (isScalar(node) && typeof node.value === 'string') insert(node, node.value, path);
    if (isSeq(node))
      for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    if (isMap(node)) visitMap(node, path);
  }
  function visitMap(map: YAMLMap, path: ConfigPath): void {
    const names = new Set<string>();
    for (const { key, value } of map.items) {
      const name = keyName(key);
      if (names.has(name)) problems.push({ path: [...path, name], text: 'duplicate key' });
      // zod passes over this name in silence.
      if (name === '__proto__') problems.push({ path: [...path, name], text: 'not a usable name' });
      names.add(name);
      visit(value, [...path, name]);
    }
  }
  function insert(scalar: Scalar, template: string, path: ConfigPath): void {
    const resolved = resolveReferences(template, env);
    scalar.value = resolved.text;
    if (resolved.isFromEnvironment) fromEnvironment.add(scalar);
    problems.push(...resolved.problems.map((text) => ({ path, text })));
  }

  visit(document.contents, []);
  return { problems, fromEnvironment };
}

/** The node at a path, and the key that stands for it; of a missing one, the nearest map's key. */
function entryAt(document: Document, path: ConfigPath): { value?: Node; anchor?: Node } {
  let value = nodeOf(document.contents, document);
  let anchor = value;
  for (const step of path) {
    const child = childOf(value, step);
    if (child === undefined) return anchor === undefined ? {} : { anchor };
    value = nodeOf(child.value, document);
    anchor = nodeOf(child.key, document) ?? value;
  }
  return { ...(value && { value }), ...(anchor && { anchor }) };
}

function childOf(
  node: Node | undefined,
  step: PropertyKey,
): { key?: unknown; value: unknown } | undefined {
  if (isMap(node)) return node.items.findLast(({ key }) => keyName(key) === step);
  const item: unknown = isSeq(node) ? node.items[Number(step)] : undefined;
  return item === undefined ? undefined : { value: item };
}

function nodeOf(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

function keyName(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
