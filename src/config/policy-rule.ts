// One rule of a policy as it is written, `METHODS PATH`: `GET,POST /services/data/*/query/**`. Methods are separated by commas,
// or `*`; in the path `*` is one segment and a last `**` is the rest, which may be nothing.
import { ProxyError } from '../errors.ts';

/**
 * The paths that are proxied; case counts. `/services/oauth2/token` and `/revoke` are absent on purpose: the proxy answers
 * them itself, so that no client can end the session that all of them share.
 */
export const proxiedPrefixes: readonly string[] = [
  '/services/data',
  '/services/apexrest',
  '/services/async',
  '/services/Soap',
  '/services/oauth2/userinfo',
  '/cometd',
  '/id',
];

/** The methods that a rule may name. */
export const knownMethods: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
];

/** The policies that come with the proxy; their rules are in policy/presets.ts. */
export const presetNames = ['data', 'read-only', 'legacy'] as const;
export type PresetName = (typeof presetNames)[number];

export interface PolicyRule {
  readonly text: string;
  /** Undefined: any method. `GET` brings `HEAD` with it, since servers answer HEAD by running the GET. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Without a last `**`. */
  readonly segments: readonly string[];
  readonly hasRest: boolean;
}

/** Throws ProxyError `config_invalid`; the message quotes the rule and says what is expected. */
export function parsePolicyRule(text: string): PolicyRule {
  const [methods, path, ...more] = text.trim().split(/\s+/);
  if (!methods || path === undefined || more.length > 0) {
    throw badRule(text, 'expected "METHODS PATH", such as "GET,POST /services/data/**"');
  }
  const all = parsePath(text, path);
  const hasRest = all.at(-1) === '**';
  const segments = hasRest ? all.slice(0, -1) : all;
  // A deny rule with a typing error would deny nothing, and nobody would notice.
  if (!proxiedPrefixes.some((prefix) => canMeet(segments, hasRest, prefix))) {
    throw badRule(text, `it can match nothing; paths start with ${proxiedPrefixes.join(', ')}`);
  }
  return { text: `${methods} ${path}`, methods: parseMethods(text, methods), segments, hasRest };
}

function canMeet(segments: readonly string[], hasRest: boolean, prefix: string): boolean {
  const wanted = prefix.slice(1).split('/');
  if (segments.length < wanted.length && !hasRest) return false;
  return wanted.every((name, i) => {
    const segment = segments[i];
    // A deny rule forgives case, so a name in another case is no mistake.
    return segment === undefined || segment === '*' || segment.toLowerCase() === name.toLowerCase();
  });
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
