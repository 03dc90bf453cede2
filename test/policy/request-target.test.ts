import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proxiedPrefixes } from '../../src/config/policy-rule.ts';
import { ProxyError } from '../../src/errors.ts';
import { parseRequestTarget } from '../../src/policy/request-target.ts';

/** 'ok', or the code of the refusal. */
function outcome(target: string): string {
  try {
    return parseRequestTarget(target).raw === target ? 'ok' : 'repaired';
  } catch (error) {
    if (error instanceof ProxyError) return error.code;
    throw error;
  }
}

const base = '/services/data/v60.0/sobjects/Account';

describe('what is proxied', () => {
  test.each([
    '/services/data',
    '/services/data/',
    '/services/data?x=1',
    '/services/data/v60.0/query?q=SELECT+Id+FROM+Account',
    '/services/apexrest/my/Hook',
    '/services/async/60.0/job',
    '/services/Soap/u/64.0',
    '/services/oauth2/userinfo',
    '/cometd/60.0/',
    '/id/00D000000000001AAA/005000000000001AAA?format=json',
  ])('%s is accepted', (target) => expect(outcome(target)).toBe('ok'));

  test.each([
    '/',
    '//',
    '/services',
    '/services/',
    '/services/dat',
    '/services/database',
    '/Services/data',
    '/services/Data/v60.0',
    '/services/soap/u/60.0',
    '/services/oauth2/token',
    '/services/oauth2/revoke',
    '/services/oauth2/authorize',
    '/services/oauth2/userinfox',
    '/secur/frontdoor.jsp?sid=x',
    '/ids',
    '/cometdx/60.0',
    '/servlet/servlet.FileDownload',
    '/services%2Fdata/v60.0',
    '/%2Fservices/data',
    '/services;x/data/v60.0',
    '/services/data;x=1/v60.0',
    '/services/%64ata/v60.0',
    '/?/services/data',
    '//evil.example/services/data',
    '//evil.example%2F@services/data',
  ])('%s is not a route', (target) => expect(outcome(target)).toBe('route_unknown'));
});

describe('targets that are not a plain path', () => {
  test.each([
    ['empty', ''],
    ['absolute form', 'http://evil.example/services/data/v60.0'],
    ['absolute form, https', 'https://x.my.salesforce.com/services/data'],
    ['authority form', 'evil.example:443'],
    ['asterisk form', '*'],
    ['no leading slash', 'services/data/v60.0'],
    ['only a query', '?x=/services/data'],
    ['backslash first', '\\services\\data'],
    ['raw backslash', '/services/data\\v60.0'],
    ['fragment', '/services/data/v60.0#x'],
    ['fragment in the query', '/services/data/v60.0?x=1#y'],
    ['space', '/services/data/v60.0/a b'],
    ['tab', '/services/data/v60.0/a\tb'],
    ['CR LF', '/services/data/v60.0 HTTP/1.1\r\nHost: x'],
    ['LF at the very end', '/services/data/v60.0\n'],
    ['NUL', '/services/data/v60.0\0'],
    ['DEL', '/services/data/v60.0/\x7f'],
    ['byte above 0x7E', '/services/data/v60.0/\xe9'],
    ['character above 0xFF', '/services/data/v60.0/\u4e2d'],
    ['LF in the query', '/services/data/v60.0?q=a\nb'],
    ['space in the query', '/services/data/v60.0?q=a b'],
    ['byte above 0x7E in the query', '/services/data/v60.0?q=\xe9'],
    ['lone percent', `${base}/100%`],
    ['percent and one digit', `${base}/100%2`],
    ['percent and no hex', `${base}/%zz`],
    ['IIS escape', `${base}/%u002e%u002e/x`],
  ])('%s: refused', (_, target) => expect(outcome(target)).toBe('bad_target'));
});

describe('dot segments, under any reading', () => {
  const climbs = [
    '..',
    '.',
    '%2e',
    '%2E%2e',
    '.%2e',
    '%2e.',
    '%252e',
    '%252e%252e',
    '.%252e',
    '%252E.',
    '%25%32%65.',
    '%2%365',
    '..;',
    '..;x',
    '..;x=1',
    '.;x',
    '%2e%2e;x',
    '..%3b',
    '..%3Bx=1',
    '..%253b',
    '%252e%252e%253Bx',
    '..%3f',
    '..%23x',
    '..%2f',
    '..%2F..',
    'a%2f..',
    'a%2F..%2Fb',
    '%2f..',
    'a%252f..%252fb',
    '..%5c',
    'a%5c..',
    'a%5C%2e%2e%5Cb',
    'a%255c..%255cb',
    'a;x%2f..%2fb',
    'a;/..',
    ';/..',
    'a%3b%2f..',
    '..%252f',
    '%c0%ae%c0%ae',
    '%c0%ae',
    '%C0%AE.',
    '%25c0%25ae',
    '%e0%80%ae',
    '%25e0%2580%25ae',
    '%f0%80%80%ae',
    '%25f0%2580%2580%25ae',
    '%c0%25ae',
    '%25c0%ae',
    '..%c0%af',
    '%25c1%259c',
    '%c0%2e',
  ];
  test.each(climbs)('%s is refused in the middle, at the end and before a query', (segment) => {
    expect(outcome(`${base}/${segment}/x`)).toBe('bad_target');
    expect(outcome(`${base}/${segment}`)).toBe('bad_target');
    expect(outcome(`${base}/${segment}?q=1`)).toBe('bad_target');
    expect(outcome(`/services/data/${segment}/oauth2/token`)).toBe('bad_target');
  });

  test('dots in the query are nobody’s business', () => {
    expect(outcome('/services/data/v60.0/query?q=../../x&..&%2e%2e/')).toBe('ok');
  });
});

describe('control characters, under any reading', () => {
  test.each([
    '%00',
    '%0a',
    '%0D%0a',
    '%09',
    '%1f',
    '%7f',
    '%2500',
    '%250d%250a',
    '%257F',
    '%c2%80',
    '%C2%85',
    '%c2%9f',
    '%25c2%2585',
    'a%00.json',
    '%25%30%30',
  ])('%s is refused', (text) => expect(outcome(`${base}/Ext__c/a${text}b`)).toBe('bad_target'));
});

describe('repeated slashes', () => {
  test.each([
    '//services/Soap/u/64.0/',
    '///services/Soap/u/64.0',
    '//services/data//v60.0//query/?q=x',
    '/services/data//v60.0/sobjects//',
  ])('%s works, byte for byte', (target) => expect(outcome(target)).toBe('ok'));

  test('they are judged as merged, first', () => {
    const { readings } = parseRequestTarget('//services/Soap//u/64.0/');
    expect(readings[0]).toEqual(['services', 'Soap', 'u', '64.0']);
    expect(readings[1]).toEqual(['services', 'Soap', '', 'u', '64.0']);
    expect(readings).toHaveLength(2);
  });

  test.each(['/services//data/v60.0', '//services//data', '/services//Soap/u/64.0/'])(
    '%s leaves the prefix in one of its readings',
    (target) => expect(outcome(target)).toBe('bad_target'),
  );

  // `//host/path` read as a reference to another host: the attacker would have to choose the first segment.
  test.each([
    '//evil.example/services/data/v60.0',
    '//services@evil.example/data',
    '//services:443/data/v60.0',
    '//id.evil.example/x',
  ])('%s cannot name a host', (target) => expect(outcome(target)).toBe('route_unknown'));
});

describe('legitimate values', () => {
  test.each([
    'A%2FB%20C',
    'a..b',
    '..a',
    'a..',
    '...',
    '....',
    '.a',
    'a.',
    'a;b',
    'a;b=c',
    ';',
    'a+b',
    'a@b.example',
    'a:b',
    "O'Brien",
    '%25',
    '%2525',
    '100%25',
    '50%25off',
    '10%25ABC',
    '%C3%A9',
    '%E4%B8%AD%E6%96%87',
    '%F0%9F%98%80',
    '%25C3%25A9',
    'a%5Cb',
    '%23',
    '%3F',
    'a%26b%3Dc',
    '!$&()*,=~_-',
    'x%2520y',
    '%7B%7D',
    '%22',
    '%C2%A0',
    'v1.2.3',
    '.%20.',
    '..%20',
    'a%2Fb%2Fc',
    '%2F',
    'a%2F..b',
    '%E2%80%A6',
    '%7Ex',
    '"quoted"',
    '{x}|y^`',
  ])('%s stays as it is', (value) => {
    const target = `${base}/Ext__c/${value}`;
    expect(outcome(target)).toBe('ok');
    expect(parseRequestTarget(target).path).toBe(target);
  });

  test.each([
    'q=SELECT+Id+FROM+Account+WHERE+Name+LIKE+%27%25..%2F%25%27',
    'a=%',
    'a=%zz',
    'a=b\\c',
    '?',
    '',
    '&&&',
    'a=/../',
    'x=%00%0a',
    'x=%c0%ae',
    'x=//y',
    '{"a":1}',
  ])('the query %j stays as it is', (query) => {
    const target = parseRequestTarget(`/services/data/v60.0/query?${query}`);
    expect(target).toMatchObject({ path: '/services/data/v60.0/query', query });
    expect(target.raw).toBe(`/services/data/v60.0/query?${query}`);
  });

  test('no query and an empty query differ', () => {
    expect(parseRequestTarget('/services/data').query).toBeUndefined();
    expect(parseRequestTarget('/services/data?').query).toBe('');
  });

  test('whatever encodeURIComponent makes of a value passes, unless the value is itself an encoding', async () => {
    const characters = fc.constantFrom(...'ABCxyz019-_.~!*\'()/\\;,:@&=+$?#[]% "<>{}|^`éß中😀');
    const value = fc.string({ unit: characters, minLength: 1, maxLength: 40 }).filter(isOrdinary);
    await fc.assert(
      fc.property(value, (text) => {
        const target = `${base}/Ext__c/${encodeURIComponent(text)}`;
        expect(parseRequestTarget(target).raw).toBe(target);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Not a path of its own (`a/../b`), nor something that a second decoding would change. */
function isOrdinary(value: string): boolean {
  const hasDots = value.split(/[/\\]/).some((part) => /^\.\.?(?:$|[;?#])/.test(part));
  return !hasDots && !/%[0-9a-f]{2}/i.test(value);
}

describe('readings', () => {
  test('a plain path has one', () => {
    expect(parseRequestTarget('/services/data/v60.0/query/?q=%2F').readings).toEqual([
      ['services', 'data', 'v60.0', 'query'],
    ]);
  });

  test('an encoded slash is one segment and two, in every decoding', () => {
    const tails = parseRequestTarget('/services/data/a%252Fb%5Cc;d').readings.map((reading) =>
      reading.slice(2),
    );
    for (const tail of [
      ['a%252Fb%5Cc;d'],
      ['a%252Fb%5Cc'],
      ['a%2Fb\\c;d'],
      ['a%2Fb\\c'],
      ['a/b\\c;d'],
      ['a/b\\c'],
      ['a%2Fb', 'c;d'],
      ['a%2Fb', 'c'],
      ['a/b', 'c'],
      ['a/b', 'c;d'],
      ['a', 'b\\c'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c;d'],
    ]) {
      expect(tails).toContainEqual(tail);
    }
    expect(new Set(tails.map((tail) => tail.join('\0'))).size).toBe(tails.length);
  });

  test.each([
    ['parameters dropped before decoding', 'a%2Fb;x%2Fc', ['a', 'b']],
    ['parameters dropped after decoding', 'a%2Fb;x%2Fc', ['a', 'b', 'c']],
    ['parameters kept', 'a%2Fb;x%2Fc', ['a', 'b;x', 'c']],
    ['split between two decodings', 'a%2Fb%252Fc', ['a', 'b/c']],
    ['split after two decodings', 'a%2Fb%252Fc', ['a', 'b', 'c']],
    ['split after one decoding', 'a%2Fb%252Fc', ['a', 'b%2Fc']],
    ['backslashes split and slashes do not', 'a%5Cb%2Fc', ['a', 'b/c']],
    ['slashes split and backslashes do not', 'a%5Cb%2Fc', ['a\\b', 'c']],
    ['repeated slashes kept', 'a//b', ['a', '', 'b']],
    ['a segment that is all parameters', 'a/;x/b', ['a', 'b']],
  ])('%s', (_, path, tail) => {
    const { readings } = parseRequestTarget(`/services/data/${path}`);
    expect(readings.map((reading) => reading.slice(2))).toContainEqual(tail);
  });

  test('each decoding is a reading, and none is there twice', () => {
    expect(parseRequestTarget('/services/data/%2541').readings).toEqual(
      ['%2541', '%41', 'A'].map((tail) => ['services', 'data', tail]),
    );
    expect(parseRequestTarget('/services/data/%41').readings).toHaveLength(2);
  });

  test('the work is bounded, however hostile the target', () => {
    const unit = '%252F;x%255C//%2Fa';
    const long = `/services/data/${unit.repeat(Math.floor(16_300 / unit.length))}`;
    const wide = `/services/data/${'a;%2525%252f'.repeat(400)}`;
    expect(outcome(long)).toBe('bad_target');
    expect(parseRequestTarget(wide).readings.length).toBeLessThanOrEqual(96);
    expect(outcome(`/services/data/${'%2F'.repeat(600)}`)).toBe('bad_target');
    expect(outcome(`/services/data/${'%2F'.repeat(255)}`)).toBe('ok');
  });
});

/** An independent, naive judge: every mixture of decoding, splitting and dropping that it can think of. */
function naiveReadings(path: string): string[][] {
  const decode = (text: string) =>
    text.replace(/%[0-9a-f]{2}/gi, (hex) => String.fromCharCode(Number(`0x${hex.slice(1)}`)));
  const levels = [path, decode(path), decode(decode(path))];
  const splits = levels.flatMap((level) => [level.split('/'), level.split(/[/\\]/)]);
  const stripped = splits.flatMap((split) => [
    split,
    split.map((segment) => segment.replace(/;.*$/s, '')),
  ]);
  return stripped.flatMap((split) => [
    split,
    split.map(decode),
    split.map((segment) => decode(decode(segment))),
  ]);
}

test('what is accepted has no dot segment and stays under a prefix, for a naive decoder too', async () => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E',
    '%252e',
    '%2f',
    '%252F',
    '%5c',
    '%255c',
    ';',
    '%3b',
    '%253B',
    'a',
    'data',
    'services',
    'v60.0',
    'id',
    '%',
    '25',
    '2e',
    '?',
    '\\',
    '%c0%ae',
    '%00',
    '%20',
    '%25',
    'sobjects',
    '@',
    '/services/data',
    '/../',
  );
  const tail = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
  const start = fc.constantFrom(
    ...proxiedPrefixes,
    '/services/data/',
    '/services/',
    '//services/data/',
    '/',
    '',
  );
  let accepted = 0;
  await fc.assert(
    fc.property(start, tail, (prefix, rest) => {
      const target = prefix + rest;
      if (outcome(target) !== 'ok') return;
      accepted++;
      const path = target.split('?')[0] ?? '';
      for (const reading of naiveReadings(path)) {
        expect(reading.some((segment) => segment === '.' || segment === '..')).toBe(false);
        const merged = `/${reading.filter((segment) => segment !== '').join('/')}`;
        expect(
          proxiedPrefixes.some((known) => merged === known || merged.startsWith(`${known}/`)),
        ).toBe(true);
      }
    }),
    { numRuns: 20_000 },
  );
  // Otherwise the property would hold for a parser that refuses everything.
  expect(accepted).toBeGreaterThan(1_000);
});
