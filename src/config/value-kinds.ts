// The kinds of value that a configuration key can hold, as zod schemas. Every scalar arrives as text (YAML's
// failsafe schema, or the environment), so `no`, `0123` or `1e5` stay what the user wrote until a kind reads them.
import { resolve } from 'node:path';
import * as z from 'zod';
import { ProxyError } from '../errors.ts';
import {
  endpointUrlExpected,
  instanceHostExpected,
  parseEndpointUrl,
  parseInstanceHost,
  parseProxyUrl,
  proxyUrlExpected,
} from './endpoint-url.ts';
import { listenAddressExpected, parseListenAddress } from './listen-address.ts';
import { parsePolicyRule } from './policy-rule.ts';
import {
  byteSizeExpected,
  countExpected,
  durationExpected,
  parseByteSize,
  parseCount,
  parseDuration,
} from './quantity.ts';
import {
  originExpected,
  parseOrigin,
  parseRequestHost,
  requestHostExpected,
} from './request-host.ts';
import { Secret } from './secret.ts';

/** A map with exactly these keys; an unknown one is an error. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const some = Object.keys(shape).slice(0, 3).join(', ');
  return z.strictObject(shape, { error: `expected a map with keys such as ${some}` });
}

export function list<Item extends z.ZodType>(item: Item, expected: string) {
  return z.array(item, { error: expected }).min(1, { error: expected }).readonly();
}

/** A map of names of the user's choice. */
export function namedMap<Item extends z.ZodType>(item: Item, what: string) {
  const expectedName = `expected ${what} name of letters, digits, _ and -`;
  const nameOf = z.string().regex(/^[A-Za-z0-9_-]+$/, { error: expectedName });
  return z.record(nameOf, item, { error: `expected a map of ${what.replace(/^an? /, '')} names` });
}

export function choice<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, { error: `expected one of ${names.join(', ')}` });
}

/** One line of text; blanks around it, which an environment variable may bring along, are dropped. */
export function line(expected: string) {
  return scalar(expected, (text) => {
    const trimmed = text.trim();
    if (trimmed === '' || hasControlCharacter(trimmed)) throw invalid(expected);
    return trimmed;
  });
}

export function secret(expected: string) {
  return scalar(
    expected,
    (text) => {
      if (text.trim() === '') throw invalid(expected);
      return new Secret(text);
    },
    isSecret,
  );
}

/** An empty one counts as none: `${SF_KEY_PASSPHRASE}` may be set to nothing where the key has none. */
export function optionalSecret(expected: string) {
  return scalar(expected, (text) => (text === '' ? undefined : new Secret(text)), isSecret);
}

/** A relative path is taken from `baseDir`, the directory of the configuration file. */
export function filePath(baseDir: string) {
  const expected = 'expected the path of a file';
  return scalar(expected, (text) => {
    if (text.trim() === '' || hasControlCharacter(text)) throw invalid(expected);
    return resolve(baseDir, text);
  });
}

export function listenAddress(baseDir: string) {
  return scalar(listenAddressExpected, (text) => parseListenAddress(text, baseDir));
}

/** Undefined: off. */
export function listenAddressOrOff(baseDir: string) {
  const expected = `${listenAddressExpected}, or off`;
  return scalar(expected, (text) =>
    text.trim() === 'off' ? undefined : parseListenAddress(text, baseDir),
  );
}

export function endpointUrl() {
  return scalar(endpointUrlExpected, parseEndpointUrl);
}

export function proxyUrl() {
  return scalar(proxyUrlExpected, parseProxyUrl, isSecret);
}

export function instanceHost() {
  return scalar(instanceHostExpected, parseInstanceHost);
}

/** A Host header's name. */
export function requestHost() {
  return scalar(requestHostExpected, parseRequestHost);
}

/** A web origin, or `*`. */
export function origin() {
  return scalar(originExpected, parseOrigin);
}

/** As it was written, and known to be a rule. */
export function policyRule() {
  return scalar(
    'expected a rule such as "GET /services/data/**"',
    (text) => parsePolicyRule(text).text,
  );
}

export function name(expected: string) {
  return scalar(expected, (text) => {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(text)) throw invalid(expected);
    return text;
  });
}

/** In lower case. */
export function keyHash() {
  const expected = 'expected a SHA-256 in 64 hexadecimal digits, as client-key prints it';
  return scalar(expected, (text) => {
    if (!/^[0-9a-f]{64}$/i.test(text.trim())) throw invalid(expected);
    return text.trim().toLowerCase();
  });
}

export function duration() {
  return scalar(durationExpected, parseDuration);
}

export function byteSize() {
  return scalar(byteSizeExpected, parseByteSize);
}

export function count(minimum: number) {
  return scalar(countExpected(minimum), (text) => parseCount(text, minimum)).meta({
    type: ['integer', 'string'],
    minimum,
  });
}

export function flag() {
  const expected = 'expected true or false';
  return scalar(expected, (text) => {
    if (text !== 'true' && text !== 'false') throw invalid(expected);
    return text === 'true';
  }).meta({ type: ['boolean', 'string'] });
}

/** 0 to 100. */
export function percent() {
  const expected = 'expected a percentage from 0 to 100, such as 95';
  return scalar(expected, (text) => {
    const value = Number(text);
    if (!/^\d{1,3}(\.\d+)?$/.test(text) || value > 100) throw invalid(expected);
    return value;
  }).meta({ type: ['number', 'string'], minimum: 0, maximum: 100 });
}

/** `50/s`, `600/m` or `10000/h`. */
export function rate() {
  const expected = 'expected a rate such as 50/s, 600/m or 10000/h';
  const seconds: Record<string, number> = { s: 1, m: 60, h: 3600 };
  return scalar(expected, (text) => {
    const [, requests, unit = ''] = /^([1-9]\d{0,8})\/([smh])$/.exec(text.trim()) ?? [];
    const perSeconds = seconds[unit];
    if (requests === undefined || perSeconds === undefined) throw invalid(expected);
    return Object.freeze({ requests: Number(requests), perSeconds });
  });
}

const isSecret = { isSecret: true };

/** `isSecret` keeps the value out of the message that says what is wrong with it. */
function scalar<T>(expected: string, parse: (text: string) => T, facts = { isSecret: false }) {
  return z.string({ error: expected }).transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: facts });
      return z.NEVER;
    }
  });
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function invalid(message: string): ProxyError {
  return new ProxyError('config_invalid', message);
}
