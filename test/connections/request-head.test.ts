// A request head is bytes that the other side takes apart again: what is put in as one part must come out as that part.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RequestParts, requestHead } from '../../src/connections/request-head.ts';
import { type HttpMessage, HttpReader } from '../support/http-message.ts';

const request: RequestParts = { method: 'GET', target: '/', headers: [] };
const headOf = ({
  bodyBytes,
  ...parts
}: Partial<RequestParts> & { bodyBytes?: number | undefined } = {}) =>
  requestHead({ ...request, ...parts }, bodyBytes);

/** What a server makes of the bytes. */
function served(text: string): { messages: HttpMessage[]; rest: string } {
  const messages: HttpMessage[] = [];
  const reader = new HttpReader({ onComplete: (message) => messages.push(message) });
  reader.feed(Buffer.from(text, 'latin1'));
  return { messages, rest: reader.rest.toString('latin1') };
}

test('it is written byte for byte as its parts are', () => {
  const head = headOf({
    method: 'PATCH',
    target: '/a%2Fb/../c?q=\xe9#x',
    headers: ['Host', 'a.example', 'X-one', 'a:  b', 'x-ONE', '', 'X-Bytes', '\t\x80\xff'],
    bodyBytes: 12,
  });
  expect(head).toBe(
    'PATCH /a%2Fb/../c?q=\xe9#x HTTP/1.1\r\nHost: a.example\r\nX-one: a:  b\r\nx-ONE: \r\nX-Bytes: \t\x80\xff\r\ncontent-length: 12\r\n\r\n',
  );
});

test.each([
  [undefined, []],
  [0, ['0']],
  [5, ['5']],
])('a body of %s bytes: its length is %j', (bodyBytes, lengths) => {
  const [message] = served(headOf({ bodyBytes }) + 'x'.repeat(bodyBytes ?? 0)).messages;
  expect(message?.all('content-length')).toEqual(lengths);
  expect(message?.bodyLength).toBe(bodyBytes ?? 0);
});

const smuggled = ' HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled';

describe('no request is made of', () => {
  test.each<[what: string, parts: Partial<RequestParts>]>([
    ['no method', { method: '' }],
    ['a method with a blank', { method: 'GET /x' }],
    ['a method with a line', { method: 'GET\r\n' }],
    ['a method of other letters', { method: 'G\u0415T' }],
    ['no target', { target: '' }],
    ['a target with a request in it', { target: `/${smuggled}` }],
    ['a target with a blank', { target: '/a b' }],
    ['a target with a tab', { target: '/a\tb' }],
    ['a target with LF', { target: '/a\n' }],
    ['a target with CR', { target: '/a\rb' }],
    ['a target with NUL', { target: '/a\0' }],
    ['a target with DEL', { target: '/a\x7f' }],
    // As latin1 it would be written as another character: here LF.
    ['a target with a character beyond latin1', { target: '/\u010a' }],
    ['a header without a name', { headers: ['', 'x'] }],
    ['a name with a colon', { headers: ['X:Y', 'x'] }],
    ['a name with a blank', { headers: ['X ', 'x'] }],
    ['a name with LF', { headers: ['X\n', 'x'] }],
    ['a name with a byte above 0x7F', { headers: ['X\xe9', 'x'] }],
    ['a value with a line', { headers: ['X', 'a\r\nTransfer-Encoding: chunked'] }],
    ['a value with LF at its end', { headers: ['X', 'a\n'] }],
    ['a value with CR', { headers: ['X', 'a\rb'] }],
    ['a value with NUL', { headers: ['X', 'a\0'] }],
    ['a value with a character beyond latin1', { headers: ['X', 'a\u010d\u010a'] }],
  ])('%s', (_what, parts) => {
    expect(() => headOf(parts)).toThrow(TypeError);
  });

  test('any parts that would be another request, or two', () => {
    const odd = fc.constantFrom(...[' ', ':', '\r\n', '\n', '\r', '\0', '\u010a', smuggled]);
    const plain = fc.constantFrom('GET', 'X', '/', '!');
    const part = fc
      .array(fc.oneof({ weight: 4, arbitrary: plain }, odd), { maxLength: 4 })
      .map((pieces) => pieces.join(''));
    const headers = fc.array(fc.tuple(part, part), { maxLength: 2 });
    let written = 0;
    fc.assert(
      fc.property(part, part, headers, (method, target, pairs) => {
        let head: string;
        try {
          head = headOf({ method, target, headers: pairs.flat() });
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        written += 1;
        const { messages, rest } = served(head);
        expect(rest).toBe('');
        expect(messages).toHaveLength(1);
        expect(messages[0]?.startLine).toBe(`${method} ${target} HTTP/1.1`);
        expect(messages[0]?.headers).toEqual(pairs.map(([name, value]) => [name, value.trim()]));
      }),
      { numRuns: 5000 },
    );
    expect(written).toBeGreaterThan(50);
  });
});
