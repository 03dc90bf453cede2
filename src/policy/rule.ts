// Does a rule of a policy match a request? Under an allow rule only if every reading of the path does, under a deny rule if
// any may. How a rule is written: config/policy-rule.ts.

import type { PolicyRule } from '../config/policy-rule.ts';
import type { PathReading } from './path-readings.ts';
import type { RequestTarget } from './request-target.ts';

/** For allow rules: holds only if every reading of the path matches, letter for letter. */
export function allowsPath(rule: PolicyRule, target: RequestTarget): boolean {
  return target.readings.every((reading) => fits(rule, reading, isExactly));
}

/** For deny rules: holds if any reading of the path may match. */
export function touchesPath(rule: PolicyRule, target: RequestTarget): boolean {
  return target.readings.some((reading) => fits(rule, reading, mayBe));
}

export function hasMethod(rule: PolicyRule, method: string): boolean {
  return rule.methods === undefined || rule.methods.has(method);
}

/** Is there a path at or under the prefix that the rule matches? */
export function couldReach(
  rule: Pick<PolicyRule, 'segments' | 'hasRest'>,
  prefix: string,
): boolean {
  const wanted = prefix.slice(1).split('/');
  if (rule.segments.length < wanted.length && !rule.hasRest) return false;
  return rule.segments.every((segment, i) => {
    const other = wanted[i];
    return other === undefined || segment === '*' || mayBe(other, segment);
  });
}

/** Does the rule match every path at and under the prefix, with every method? */
export function coversAll(rule: PolicyRule, prefix: string): boolean {
  const wanted = prefix.slice(1).split('/');
  return rule.methods === undefined && rule.hasRest && fits(rule, wanted, isExactly);
}

function fits(
  rule: PolicyRule,
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
 * Generous, because a deny rule that is missed is a hole: case does not count, nor do blanks before the name, nor what
 * follows it, unless that continues the name. A server may forgive each of these: `executeanonymous`,
 * `executeAnonymous.json` (a format as suffix), `%20executeAnonymous`, `executeAnonymous%3Fx`.
 * A composite reference may become any name.
 */
function mayBe(segment: string, name: string): boolean {
  if (segment === name || segment.includes('@{')) return true;
  if (segment.length < name.length) return false;
  const text = segment.replace(/^[\s+]+/, '');
  if (text.slice(0, name.length).toLowerCase() !== name.toLowerCase()) return false;
  return !/^[\w-]/.test(text.slice(name.length));
}
