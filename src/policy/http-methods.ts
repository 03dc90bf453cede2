// Which method a request may turn out to have. Salesforce lets `?_HttpMethod=PATCH` replace the real one, so a rule that
// looks at the request line alone is no rule. Authority: REST API Developer Guide, "Update a Record".

import { knownMethods } from '../config/policy-rule.ts';
import { decodePercentOnce } from './percent-decoding.ts';
import type { RequestTarget } from './request-target.ts';

/**
 * Headers that replace the method on some servers. That Salesforce honours one is not documented; that it does not
 * is neither, so each is one more plausible method.
 */
const methodOverrideHeaders = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);

/** In any spelling that some server takes for the same: `X_HTTP_Method`. */
export function isMethodOverride(header: string): boolean {
  if (header.length < 'x-http-method'.length) return false;
  const name = header.trim().toLowerCase();
  return name.startsWith('x') && methodOverrideHeaders.has(name.replace(/[^a-z0-9]/g, '-'));
}

export interface MethodSources {
  readonly method: string;
  readonly target: RequestTarget;
  /** The values of headers for which `isMethodOverride` holds. */
  readonly methodOverrides?: readonly string[] | undefined;
  readonly contentType?: string | undefined;
}

/** Every method that the request may have for Salesforce: its own, and each that something in it names. */
export function plausibleMethods(request: MethodSources): readonly string[] {
  const own = request.method.toUpperCase();
  const named = [...(request.methodOverrides ?? []), ...methodsInTarget(request.target)];
  if (hidesParameters(own, request.contentType)) named.push('unknown');
  if (named.length === 0) return [own];
  const methods = named.flatMap((name) => {
    const method = name.trim().toUpperCase();
    return knownMethods.includes(method) ? [method] : knownMethods;
  });
  return [...new Set([own, ...methods])];
}

/** A servlet reads parameters from a form body too, except of GET; it is not held, and `_HttpMethod` may be in it. */
function hidesParameters(method: string, contentType: string | undefined): boolean {
  if (method === 'GET' || method === 'HEAD' || contentType === undefined) return false;
  return /x-www-form-urlencoded/i.test(contentType);
}

/**
 * The values of `_HttpMethod` under every reading: decoded never, once or twice, then cut at whatever separates
 * parameters for somebody. The whole target is looked at, since a late decoder finds the `?` in `%3F`.
 */
function methodsInTarget(target: RequestTarget): string[] {
  const { raw } = target;
  if (!/%|_httpmethod/i.test(raw)) return [];
  const texts = [raw];
  if (raw.includes('%')) {
    const once = decodePercentOnce(raw);
    texts.push(once, decodePercentOnce(once));
  }
  return texts.filter((text) => /_httpmethod/i.test(text)).flatMap(methodsInText);
}

function methodsInText(text: string): string[] {
  return text.split(/[?&;#]/).flatMap((parameter) => {
    const equals = parameter.indexOf('=');
    const name = equals === -1 ? parameter : parameter.slice(0, equals);
    if (!/_httpmethod/i.test(name)) return [];
    return [equals === -1 ? '' : parameter.slice(equals + 1)];
  });
}
