import { Buffer } from 'node:buffer';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxInflatedBytes, parseJudgedJson, readField } from '../../src/policy/judged-json.ts';

const json = '{"method":"GET","name":"é"}';
const value = { method: 'GET', name: 'é' };

function parse(body: string | Uint8Array, contentType?: string, contentEncoding?: string): unknown {
  return parseJudgedJson({ body: Buffer.from(body as string), contentType, contentEncoding });
}

function refused(code: string) {
  return expect.objectContaining({ code });
}

test.each([
  undefined,
  'application/json',
  'APPLICATION/JSON',
  'application/json; charset=UTF-8',
  'application/json;charset="utf-8"',
  ' application/json ',
  'application/problem+json',
])('content-type %s is read', (contentType) => expect(parse(json, contentType)).toEqual(value));

test.each([
  'application/xml',
  'text/xml',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json; charset=UTF-16',
  'application/json; charset=utf-7',
  'application/json; charset=IBM037',
  'application/json; charset=utf-8; charset=utf-16',
  'application/json, application/xml',
  '',
  'application/jsonx',
  'text/json',
])('content-type %j is refused', (contentType) => {
  expect(() => parse(json, contentType)).toThrow(refused('policy_denied'));
});

test('compressed bodies are read as what they hold', () => {
  expect(parse(gzipSync(json), undefined, 'gzip')).toEqual(value);
  expect(parse(gzipSync(json), undefined, ' X-GZIP')).toEqual(value);
  expect(parse(deflateSync(json), undefined, 'deflate')).toEqual(value);
  expect(parse(json, undefined, 'identity')).toEqual(value);
});

test.each([
  ['another encoding', brotliCompressSync(json), 'br'],
  ['two encodings', gzipSync(gzipSync(json)), 'gzip, gzip'],
  ['an encoding named like a property of every object', Buffer.from(json), 'constructor'],
  ['a gzip body that says nothing', gzipSync(json), undefined],
  ['a plain body that says gzip', Buffer.from(json), 'gzip'],
  ['a truncated body', gzipSync(json).subarray(0, 20), 'gzip'],
  ['raw deflate', deflateRawSync(json), 'deflate'],
])('%s is refused', (_, body, encoding) => {
  expect(() => parse(body, undefined, encoding)).toThrow(refused('policy_denied'));
});

test('a bomb is refused as too large', () => {
  const fits = `"${'a'.repeat(maxInflatedBytes - 2)}"`;
  expect(parse(gzipSync(fits), undefined, 'gzip')).toHaveLength(maxInflatedBytes - 2);
  expect(() => parse(gzipSync(`${fits} `), undefined, 'gzip')).toThrow(refused('body_too_large'));
});

test('what was not held is too large, what is empty is nothing', () => {
  expect(() => parseJudgedJson({ body: 'too_large' })).toThrow(refused('body_too_large'));
  expect(parse('', 'text/plain')).toBeUndefined();
});

test.each([
  ['a byte order mark', Buffer.from(`\ufeff${json}`)],
  ['UTF-16 LE', Buffer.from(json, 'utf16le')],
  ['UTF-16 LE with a mark', Buffer.from(`\ufeff${json}`, 'utf16le')],
  ['UTF-16 BE', Buffer.from(json, 'utf16le').swap16()],
  ['Latin-1', Buffer.from(json, 'latin1')],
  ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xae, 0x22])],
  ['XML', Buffer.from('<batch/>')],
  ['single quotes', Buffer.from("{'a':1}")],
  ['a comment', Buffer.from('{"a":1/*x*/}')],
  ['two values', Buffer.from('{"a":1}{"a":2}')],
  ['a trailing comma', Buffer.from('{"a":1,}')],
  ['NaN', Buffer.from('NaN')],
  ['a NUL behind it', Buffer.from('{"a":1}\0')],
])('%s is refused', (_, body) => {
  expect(() => parse(body)).toThrow(refused('policy_denied'));
});

describe('duplicate keys', () => {
  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{"a":1 , "b":{"a":1}, "a" \n:2}}]',
    '{"\\"":1,"\\u0022":2}',
    '{"":1,"":2}',
    '{"a":"}","a":2}',
    '{"a":"\\\\","a":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('%s is refused', (text) => expect(() => parse(text)).toThrow('same key twice'));

  test.each([
    '{"a":{"a":1},"b":["a","a",{"a":1},{"a":2}]}',
    '{"a":"\\",\\"a\\":1","b":"{\\"a\\":1,"}',
    '{"a":1,"A":2}',
    '["a","a"]',
    '"a"',
  ])('%s is fine', (text) => expect(parse(text)).toEqual(JSON.parse(text)));

  test('every JSON value that JavaScript writes is fine', async () => {
    await fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (any) => {
        const text = JSON.stringify(any);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});

test('nesting is bounded', () => {
  expect(() => parse(`${'['.repeat(64)}${']'.repeat(64)}`)).not.toThrow();
  expect(() => parse(`${'['.repeat(65)}${']'.repeat(65)}`)).toThrow('nested too deeply');
  expect(() => parse(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)).toThrow(
    'nested too deeply',
  );
});

test('readField accepts one spelling', () => {
  expect(readField({ method: 'GET', url: '/' }, 'method')).toBe('GET');
  expect(readField({ url: '/' }, 'method')).toBeUndefined();
  expect(readField(JSON.parse('{"__proto__":{"method":"GET"}}'), 'method')).toBeUndefined();
  expect(() => readField({ Method: 'GET' }, 'method')).toThrow('"method" is spelt');
  expect(() => readField({ method: 'GET', METHOD: 'DELETE' }, 'method')).toThrow(
    '"method" is spelt',
  );
});
