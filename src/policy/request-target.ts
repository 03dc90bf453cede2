// What may stand in the first line of a request, judged before anything else looks at it. A target is accepted or
// refused, never repaired: the bytes that were judged are the bytes that are forwarded. Authority: RFC 9112 section 3.2.1.

import { isUtf8 } from 'node:buffer';
import { proxiedPrefixes } from '../config/policy-rule.ts';
import { ProxyError } from '../errors.ts';
import { type PathReading, pathReadings } from './path-readings.ts';
import { decodePercentOnce } from './percent-decoding.ts';

const prefixSegments = proxiedPrefixes.map((prefix) => prefix.slice(1).split('/'));

/** Salesforce paths have a dozen; a 255 character external id cannot add more than 256. It bounds the slow path. */
const maxSegments = 512;

export interface RequestTarget {
  /** Byte for byte what arrived, and what is forwarded. */
  readonly raw: string;
  readonly path: string;
  /** Without the `?`; undefined where there is none (an empty query is ''). */
  readonly query: string | undefined;
  /** The plain reading first. None has a dot segment or a control character, all are under a proxied prefix. */
  readonly readings: readonly [PathReading, ...PathReading[]];
}

/** Throws ProxyError: `bad_target` for what is not a plain path, `route_unknown` for a path that is not proxied. */
export function parseRequestTarget(raw: string): RequestTarget {
  if (!raw.startsWith('/')) refuse('it must be a path that starts with "/"');
  if (!/^[\x21-\x7e]*$/.test(raw))
    refuse('it holds a space, a control character or a byte above 0x7E');
  if (raw.includes('#')) refuse('it holds a fragment ("#")');
  const mark = raw.indexOf('?');
  const path = mark === -1 ? raw : raw.slice(0, mark);
  const query = mark === -1 ? undefined : raw.slice(mark + 1);
  return { raw, path, query, readings: isPlain(path) ? [plainReading(path)] : readUnusual(path) };
}

/** Has one reading only: nothing is encoded, there are no parameters, no repeated slashes, no leading dots. */
function isPlain(path: string): boolean {
  return !/[%;\\]|\/[/.]/.test(path);
}

function plainReading(path: string): PathReading {
  const segments = path.slice(1, path.endsWith('/') && path.length > 1 ? -1 : undefined).split('/');
  if (!isProxied(segments)) throw routeUnknown();
  return segments;
}

function readUnusual(path: string): [PathReading, ...PathReading[]] {
  if (path.includes('\\')) refuse('its path holds a backslash');
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) refuse('its path holds a "%" that starts no escape');
  const once = decodePercentOnce(path);
  // Overlong forms (`%c0%ae` for a dot) are not UTF-8, and neither is anything else that a client library makes.
  if (!isUtf8(Buffer.from(once, 'latin1'))) refuse('its path is not UTF-8 when decoded');
  const twice = decodePercentOnce(once);
  refuseDangerous(twice);
  if (twice.split(/[/\\]/).length > maxSegments) refuse('its path has too many segments');
  return readingsUnderPrefix(path);
}

/**
 * Judges the path decoded twice and split wherever anybody would: nothing that is dangerous under a reading with less
 * decoding or fewer separators can be missing there, since decoding takes away neither dots nor what surrounds them.
 */
function refuseDangerous(text: string): void {
  // C0, DEL, and C1 in UTF-8: a NUL ends a string in some servers, CR and LF end a header line.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  if (/[\x00-\x1f\x7f]|\xc2[\x80-\x9f]/.test(text)) refuse('its path holds a control character');
  // An overlong ASCII character that only the second decoding brings to light (`%25c0%25ae`).
  if (/[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]/.test(text)) {
    refuse('its path holds an overlong encoding');
  }
  // `..`, `%2e%2e`, `..;x` (Tomcat drops the parameter, then climbs), `..%3fx` (a late `?` ends the path).
  if (/(?:^|[/\\])\.\.?(?=$|[/\\;?#])/.test(text)) refuse('its path holds a "." or ".." segment');
}

/**
 * Data Loader asks for `//services/Soap/u/64.0/`. Slashes at the start are judged as merged and forwarded as they came.
 * Read as `//authority/path`, the authority could only be `services`, `cometd` or `id`, since the first segment has to be
 * one of these: no client can name a host that way. Inside the prefix a repeated slash is refused: `/services//data`.
 */
function readingsUnderPrefix(path: string): [PathReading, ...PathReading[]] {
  const [plain, ...others] = pathReadings(path);
  if (plain === undefined || !isProxied(plain)) throw routeUnknown();
  if (!others.every(isProxied)) refuse('it can be read as a path that is not proxied');
  return [plain, ...others];
}

function isProxied(reading: PathReading): boolean {
  return prefixSegments.some((prefix) => prefix.every((segment, i) => reading[i] === segment));
}

function routeUnknown(): ProxyError {
  return new ProxyError(
    'route_unknown',
    `This path is not proxied. Proxied are: ${proxiedPrefixes.join(', ')}.`,
  );
}

function refuse(why: string): never {
  throw new ProxyError(
    'bad_target',
    `The request target was refused: ${why}. It is never repaired; send a plain path.`,
  );
}
