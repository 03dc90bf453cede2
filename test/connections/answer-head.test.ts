import { describe, expect, test } from 'vitest';
import { MalformedAnswer, parseAnswerHead } from '../../src/connections/answer-head.ts';

const head = (...lines: string[]) => parseAnswerHead(lines.join('\r\n'));

test('status, reason and headers come as they were sent, less the blanks around a value', () => {
  const { status, reason, rawHeaders } = head(
    'HTTP/1.1 299 Caf\xe9 au  lait\t',
    'X-ONE:1',
    'x-one: \t2 ,  3\t ',
    'X-Empty:',
    "!#$%&'*+-.^_`|~09Az: a:b",
    'X-Bytes: \x80\xff',
  );
  expect({ status, reason }).toEqual({ status: 299, reason: 'Caf\xe9 au  lait\t' });
  expect(rawHeaders).toEqual([
    ...['X-ONE', '1'],
    ...['x-one', '2 ,  3'],
    ...['X-Empty', ''],
    ...["!#$%&'*+-.^_`|~09Az", 'a:b'],
    ...['X-Bytes', '\x80\xff'],
  ]);
});

test.each(['HTTP/1.1 204', 'HTTP/1.1 204 '])('%j has no reason', (line) => {
  expect(head(line)).toMatchObject({ status: 204, reason: '', rawHeaders: [] });
});

describe('how long the body is', () => {
  test.each([
    [[], { length: undefined, isChunked: false }],
    [['Content-Length: 0'], { length: 0, isChunked: false }],
    [['content-LENGTH:\t007 '], { length: 7, isChunked: false }],
    [['Content-Length: 999999999999999'], { length: 999_999_999_999_999, isChunked: false }],
    [['Transfer-Encoding: Chunked'], { length: undefined, isChunked: true }],
    [['Content-Lengths: 5', 'Transfer_Encoding: chunked'], { length: undefined, isChunked: false }],
  ])('%j', (lines, framing) => {
    expect(head('HTTP/1.1 200 OK', ...lines).framing).toMatchObject(framing);
  });
});

describe('whether the connection outlasts the answer', () => {
  test.each<[string, string[], boolean]>([
    ['HTTP/1.1', [], true],
    ['HTTP/1.1', ['Connection: keep-alive'], true],
    ['HTTP/1.1', ['Connection: close'], false],
    ['HTTP/1.1', ['CONNECTION: Close'], false],
    ['HTTP/1.1', ['Connection: x-a ,\tclose , x-b'], false],
    ['HTTP/1.1', ['Connection: keep-alive', 'Connection: close'], false],
    ['HTTP/1.1', ['Connection: close', 'Connection: keep-alive'], false],
    ['HTTP/1.1', ['Connection: closed, not-close, close-not'], true],
    ['HTTP/1.1', ['X: close'], true],
    ['HTTP/1.0', [], false],
    ['HTTP/1.0', ['Connection: keep-alive', 'Keep-Alive: timeout=5'], false],
  ])('%s %j: %s', (version, lines, isPersistent) => {
    expect(head(`${version} 200 OK`, ...lines).framing.isPersistent).toBe(isPersistent);
  });
});

describe('how long upstream keeps an idle connection', () => {
  test.each<[string, number | undefined]>([
    ['timeout=5', 5000],
    ['timeout=5, max=100', 5000],
    ['max=100,timeout=5', 5000],
    ['max=100; TIMEOUT=5', 5000],
    ['timeout=0', 0],
    ['max=100', undefined],
    ['xtimeout=5', undefined],
    ['timeout=', undefined],
    ['timeout=-1', undefined],
    ['', undefined],
  ])('Keep-Alive: %s', (value, keepAliveMs) => {
    const { framing } = head('HTTP/1.1 200 OK', `Keep-Alive: ${value}`);
    expect(framing.keepAliveMs).toBe(keepAliveMs);
  });
});

test.each([
  '',
  'HTTP/1.1',
  'HTTP/1.1 ',
  'HTTP/1.1 20',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 000 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 +20 OK',
  'HTTP/1.1 2x0 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  ' HTTP/1.1 200 OK',
  'http/1.1 200 OK',
  'HTTP/1,1 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/1.10 200 OK',
  'HTTP/01.1 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/2.0 200 OK',
  'HTTP/2 200 OK',
  'ICY 200 OK',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 O\rK',
  'HTTP/1.1 200 OK\n',
  'HTTP/1.1 200 O\x7fK',
  'GET / HTTP/1.1',
])('%j begins no answer', (line) => {
  expect(() => head(line, 'X: 1')).toThrow(MalformedAnswer);
});
