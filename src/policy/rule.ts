// One rule of a policy, `METHODS PATH`: `GET,POST /services/data/*/query/**`. Methods are separated by commas, or `*`;
// in the path `*` is one segment and a last `**` is the rest, which may be nothing.

import { ProxyError } from '../errors.ts';
import { knownMethods } from './http-methods.ts';
import type { PathReading } from './path-readings.ts';
import { proxiedPrefixes, type RequestTarget } from './request-target.ts';

export interface Rule {
  readonly text: string;
  /** Undefined: any method. `GET` brings `HEAD` with it, since servers answer HEAD by running the GET. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Without a last `**`. */
  readonly segments: readonly string[];
  readonly hasRest: boolean;
}

/** Throws ProxyError `config_invalid`; the message quotes the rule and says what is expected. */
export function parseRule(text: string): Rule {
  const [methods, path, ...more] = text.trim().split(/\s+/);
  if (!methods || path === undefined || more.length > 0) {
    throw badRule(text, 'expected "METHODS PATH", such as "GET,POST /services/data/**"');
  }
  const all = parsePath(text, path);
  const hasRest = all.at(-1) === '**';
  const rule = {
    text: `${methods} ${path}`,
    methods: parseMethods(text, methods),
    segments: hasRest ? all.slice(0, -1) : all,
    hasRest,
  };
  // A deny rule with a typing error would deny nothing, and nobody would notice.
  if (!proxiedPrefixes.some((prefix) => couldReach(rule, prefix))) {
    throw badRule(text, `it can match nothing; paths start with ${proxiedPrefixes.join(', ')}`);
  }
  return rule;
}

/** For allow rules: holds only if every reading of the path matches, letter for letter. */
export function allowsPath(rule: Rule, target: RequestTarget): boolean {
  return target.readings.every((reading) => fits(rule, reading, isExactly));
}

/** For deny rules: holds if any reading of the path may match. */
export function touchesPath(rule: Rule, target: RequestTarget): boolean {
  return target.readings.some((reading) => fits(rule, reading, mayBe));
}

export function hasMethod(rule: Rule, method: string): boolean {
  return rule.methods === undefined || rule.methods.has(method);
}

/** Is there a path at or under the prefix that the rule matches? */
export function couldReach(rule: Pick<Rule, 'segments' | 'hasRest'>, prefix: string): boolean {
  const wanted = prefix.slice(1).split('/');
  if (rule.segments.length < wanted.length && !rule.hasRest) return false;
  return rule.segments.every((segment, i) => {
    const other = wanted[i];
    return other === undefined || segment === '*' || mayBe(other, segment);
  });
}

/** Does the rule match every path at and under the prefix, with every method? */
export function coversAll(rule: Rule, prefix: string): boolean {
  const wanted = prefix.slice(1).split('/');
  return rule.methods === undefined && rule.hasRest && fits(rule, wanted, isExactly);
}

function fits(
  rule: Rule,
  reading: PathReading,
  same: (segment: string, name: string) => boolean,
): boolean {
  const { segments, hasRest } = rule;
  if (reading.length < segments.length) return false;
  if (reading.length > segments.length && !hasRest) return false;
  return segments.every((name, i) => name === '*' || same(reading[i] ?? '', name));
}

function isExactly(segment: string, name: string): boolean {
  return segment === name;
}

/**
 * Generous, because a deny rule that is missed is a hole: case does not count (Salesforce forgives it in names), nor
 * do blanks before the name, nor what follows it, unless that continues the name: `executeAnonymous.json` (Salesforce
 * takes a format as suffix), `executeAnonymous%20`, `executeAnonymous%3Fx`. A composite reference may become any name.
 */
function mayBe(segment: string, name: string): boolean {
  if (segment.includes('@{')) return true;
  const text = segment.replace(/^[\s+]+/, '');
  if (text.slice(0, name.length).toLowerCase() !== name.toLowerCase()) return false;
  return !/^[\w-]/.test(text.slice(name.length));
}

function parseMethods(text: string, methods: string): ReadonlySet<string> | undefined {
  if (methods === '*') return undefined;
  const names = methods.split(',').map((name) => name.toUpperCase());
  const unknown = names.find((name) => !knownMethods.includes(name));
  if (unknown !== undefined) {
    throw badRule(text, `"${unknown}" is not a method; use ${knownMethods.join(', ')}, or *`);
  }
  return new Set(names.includes('GET') ? [...names, 'HEAD'] : names);
}

function parsePath(text: string, path: string): string[] {
  if (!path.startsWith('/')) throw badRule(text, 'the path must start with "/"');
  const segments = path.replace(/^\/|\/$/g, '').split('/');
  for (const [i, segment] of segments.entries()) {
    const problem = problemOf(segment, i === segments.length - 1);
    if (problem !== undefined) throw badRule(text, problem);
  }
  return segments;
}

function problemOf(segment: string, isLast: boolean): string | undefined {
  if (segment === '*') return undefined;
  if (segment === '**') return isLast ? undefined : '"**" may only stand at the end';
  if (segment.includes('*'))
    return `"*" stands for a whole segment, not for a part of one ("${segment}")`;
  if (segment === '' || /^\.\.?$/.test(segment)) return 'no empty segment and no "." or ".."';
  if (!/^[\w.~-]+$/.test(segment))
    return `"${segment}" may hold letters, digits and "_", "-", ".", "~" only`;
  return undefined;
}

function badRule(text: string, problem: string): ProxyError {
  return new ProxyError('config_invalid', `Rule "${text}": ${problem}.`);
}
