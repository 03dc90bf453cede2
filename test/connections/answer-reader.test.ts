// Where an answer ends is where the next one on its connection begins: whoever is led to another end reads a stranger's bytes
// as an answer. So the same bytes must be read alike in whatever pieces they come, and as another parser reads them.
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AnswerHead, MalformedAnswer } from '../../src/connections/answer-head.ts';
import { AnswerReader, maxHeadBytes } from '../../src/connections/answer-reader.ts';

/** An answer that is whole. */
interface Answer {
  readonly interim: AnswerHead[];
  readonly head: AnswerHead | undefined;
  /** latin1 */
  readonly body: string;
  readonly trailers: readonly string[];
}

interface Reading extends Answer {
  /** How many bytes belong to the answer. */
  readonly taken: number;
  readonly keepAliveMs: number | undefined;
}

/** Undefined: the connection ended before the answer did. @throws MalformedAnswer */
function read(pieces: readonly Buffer[], method = 'GET'): Reading | undefined {
  const reader = new AnswerReader();
  const interim: AnswerHead[] = [];
  const body: Buffer[] = [];
  let head: AnswerHead | undefined;
  let trailers: readonly string[] = [];
  let ends = 0;
  reader.start(method, {
    onInformation: (came) => interim.push(came),
    onHead: (came) => {
      expect(head).toBeUndefined();
      head = came;
    },
    onBody: (bytes) => {
      expect(ends).toBe(0);
      body.push(bytes);
    },
    onEnd: (came) => {
      ends += 1;
      trailers = came;
    },
  });
  let taken = 0;
  for (const piece of pieces) {
    const wasOver = reader.isOver;
    const now = reader.read(piece);
    if (wasOver) expect(now).toBe(0);
    if (now < piece.length) expect(reader.isOver).toBe(true);
    taken += now;
  }
  const isWhole = reader.end();
  expect(isWhole).toBe(reader.isOver);
  expect(ends).toBe(isWhole ? 1 : 0);
  const text = Buffer.concat(body).toString('latin1');
  const { keepAliveMs } = reader;
  return isWhole ? { interim, head, body: text, trailers, taken, keepAliveMs } : undefined;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const readText = (text: string, method?: string) => read([latin1(text)], method);

function refusal(pieces: readonly Buffer[], method?: string): unknown {
  try {
    read(pieces, method);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Each byte alone. */
function bytewise(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

interface Generated {
  readonly bytes: Buffer;
  readonly method: string;
  readonly answer: Answer;
  /** The end of the connection is the end of its body. */
  readonly endsWithConnection: boolean;
}

const framingNames = /^(content-length|transfer-encoding|connection|keep-alive)$/i;
const names = fc
  .stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,17}$/)
  .filter((name) => !framingNames.test(name));
const values = fc.stringMatching(/^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
const fields = fc
  .array(fc.tuple(names, values), { maxLength: 4 })
  .map((pairs): readonly string[] => pairs.flat());
const blanks = fc.stringMatching(/^[ \t]{0,2}$/);
const reasons = fc.stringMatching(/^[\t -~\x80-\xff]{0,12}$/);
const interims = fc.array(
  fc.record({
    status: fc.integer({ min: 100, max: 199 }).filter((status) => status !== 101),
    reason: reasons,
    rawHeaders: fields,
  }),
  { maxLength: 2 },
);
const data = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))
  .chain((text) => fc.constantFrom(text, `${text}\r\n\r\n${text}`, `0\r\n\r\n${text}`));
const extensions = fc.stringMatching(
  /^([ \t]?;[ \t]?[a-z]{1,5}([ \t]?=[ \t]?("[ -!#-Z]{0,5}"|[a-z]{1,3}))?){0,2}$/,
);

/** How its framing is said, and its body and trailers as they are sent. */
interface Framed {
  readonly status: number;
  readonly method: string;
  readonly framing: readonly string[];
  readonly sent: string;
  readonly body: string;
  readonly trailers: readonly string[];
}

const statuses = fc.integer({ min: 200, max: 999 }).filter((s) => s !== 204 && s !== 304);
const methods = fc.constantFrom('GET', 'POST', 'OPTIONS');
const nothing = { sent: '', body: '', trailers: [] };

const byLength = fc.record({ status: statuses, method: methods, body: data }).map(
  (parts): Framed => ({
    ...parts,
    framing: ['Content-Length', String(parts.body.length)],
    sent: parts.body,
    trailers: [],
  }),
);

const inChunks = fc
  .record({
    status: statuses,
    method: methods,
    chunks: fc.array(fc.tuple(data, extensions, fc.boolean()), { maxLength: 4 }),
    last: fc.constantFrom('0', '000'),
    extension: extensions,
    trailers: fields,
  })
  .map(({ status, method, chunks, last, extension, trailers }): Framed => {
    const filled = chunks.filter(([text]) => text !== '');
    const sent = filled.map(([text, ext, isLong]) => {
      const size = text.length.toString(16);
      return `${isLong ? `0${size.toUpperCase()}` : size}${ext}\r\n${text}\r\n`;
    });
    return {
      status,
      method,
      framing: ['Transfer-Encoding', 'chunked'],
      sent: `${sent.join('')}${last}${extension}\r\n${linesOf(trailers)}\r\n`,
      body: filled.map(([text]) => text).join(''),
      trailers,
    };
  });

const anyFraming = fc.constantFrom([], ['Content-Length', '9'], ['Transfer-Encoding', 'chunked']);
const bodiless = fc
  .tuple(
    fc.oneof(
      fc.record({ status: fc.constantFrom(204, 304), method: methods }),
      fc.record({ status: statuses, method: fc.constant('HEAD') }),
    ),
    anyFraming,
  )
  .map(([parts, framing]): Framed => ({ ...parts, ...nothing, framing }));

const untilClose = fc
  .record({ status: statuses, method: methods, body: data })
  .map((parts): Framed => ({ ...parts, framing: [], sent: parts.body, trailers: [] }));

const answers: fc.Arbitrary<Generated> = fc
  .tuple(
    fc.oneof(byLength, inChunks, bodiless, untilClose),
    interims,
    fc.record({ reason: reasons, before: fields, after: fields }),
    blanks,
  )
  .map(([framed, interim, { reason, before, after }, blank]) => {
    const { status, method, sent, body, trailers } = framed;
    const rawHeaders = [...before, ...framed.framing, ...after];
    const heads = [...interim, { status, reason, rawHeaders }].map(
      (head) => `HTTP/1.1 ${head.status} ${head.reason}\r\n${linesOf(head.rawHeaders, blank)}\r\n`,
    );
    return {
      bytes: latin1(heads.join('') + sent),
      method,
      answer: { interim, head: { status, reason, rawHeaders }, body, trailers },
      endsWithConnection: framed.framing.length === 0 && !isBodiless(status, method),
    };
  });

function isBodiless(status: number, method: string): boolean {
  return status === 204 || status === 304 || method === 'HEAD';
}

function linesOf(rawHeaders: readonly string[], blank = ' '): string {
  let lines = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    lines += `${rawHeaders[i]}:${blank}${rawHeaders[i + 1]}${blank}\r\n`;
  }
  return lines;
}

describe('any answer, in any pieces', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 12 });
  const behind = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));

  test('is the same answer, and what is behind it is left', () => {
    fc.assert(
      fc.property(answers, cuts, behind, ({ bytes, method, answer, ...rest }, places, more) => {
        const all = rest.endsWithConnection ? bytes : Buffer.concat([bytes, more]);
        for (const pieces of [[all], splitAt(all, places), bytewise(all)]) {
          expect(read(pieces, method)).toMatchObject({ ...answer, taken: bytes.length });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is not whole before its last byte', () => {
    fc.assert(
      fc.property(answers, cuts, ({ bytes, method, endsWithConnection }, places) => {
        fc.pre(!endsWithConnection);
        const short = bytes.subarray(0, -1);
        for (const pieces of [[short], splitAt(short, places), bytewise(short)]) {
          expect(read(pieces, method)).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a changed byte is read alike in all of them, or refused in all', () => {
    fc.assert(
      fc.property(changed(answers), cuts, ({ bytes, method }, places) => {
        const outcome = (pieces: Buffer[]) => {
          const error = refusal(pieces, method);
          if (error !== undefined) expect(error).toBeInstanceOf(MalformedAnswer);
          return error ? 'refused' : read(pieces, method);
        };
        const whole = outcome([bytes]);
        expect(outcome(splitAt(bytes, places))).toEqual(whole);
        expect(outcome(bytewise(bytes))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});

/** What parsers have disagreed about. */
const odd = [...'\r\n\0\t :;,"=+-_0159aAfFxX\x0b\x0c\x7f\x80\xa0\xff', '\r\n', '\r\n ', '\r\n\r\n'];

/** With up to three changes. */
function changed(from: fc.Arbitrary<Generated>): fc.Arbitrary<Generated> {
  const change = fc.tuple(fc.nat(), fc.constantFrom(0, 1, 5), fc.constantFrom('', ...odd));
  return fc.tuple(from, fc.array(change, { maxLength: 3 })).map(([generated, changes]) => {
    let text = generated.bytes.toString('latin1');
    for (const [place, dropped, added] of changes) {
      const at = place % (text.length + 1);
      text = text.slice(0, at) + added + text.slice(at + dropped);
    }
    return { ...generated, bytes: latin1(text) };
  });
}

describe('beside the parser of Node', () => {
  /** Where we follow the RFC and Node does not; all else that we take, it takes. */
  const known: [why: string, bytes: RegExp][] = [
    // RFC 9112 section 7.1.1: blanks around the semicolon and the sign of an extension.
    ['blanks in an extension', /^[0-9a-f]+(?:[ \t]+;|;.*[ \t])/im],
    // RFC 9112 section 5: blanks around a value are none of it. Node takes this one for another coding.
    ['a tab behind chunked', /^transfer-encoding:.*\t[ \t]*\r$/im],
    // RFC 9110 section 6.5.1: ignored there, and never passed on (trailers.ts).
    ['framing in a trailer', /\r\n0+(?:;.*)?\r\n(?:.*\r\n)*(?:content-length|transfer-encoding):/i],
  ];

  const corpus = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nX:  a b \r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00\r\nX: 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA;a="b"\r\n0123456789\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello',
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\nX:y\r\n\r\n',
    'HTTP/1.1 150 Odd\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nKeep-Alive: timeout=5\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n',
    'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nhi',
    'HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nhi',
    'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi',
  ];
  const fromCorpus = fc.tuple(fc.constantFrom(...corpus), methods).map(
    ([text, method]): Generated => ({
      bytes: latin1(text),
      method,
      answer: { interim: [], head: undefined, body: '', trailers: [] },
      endsWithConnection: false,
    }),
  );

  test('what is taken, it takes for the same answer', { timeout: 120_000 }, async () => {
    const readByNode = await startNode();
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(changed(fc.oneof(fromCorpus, answers)), async ({ bytes, method }) => {
        if (known.some(([, exempt]) => exempt.test(bytes.toString('latin1')))) return;
        if (refusal([bytes], method)) return;
        const reading = read([bytes], method);
        if (!reading) return;
        const { taken, keepAliveMs: _, ...answer } = reading;
        compared += 1;
        expect(await readByNode(bytes.subarray(0, taken), method)).toEqual(answer);
      }),
      { numRuns: 1500 },
    );
    expect(compared).toBeGreaterThan(300);
  });
});

/** What Node's client makes of the bytes of a server that then closes; a text: why it refuses them. */
async function startNode(): Promise<(bytes: Buffer, method: string) => Promise<Answer | string>> {
  let next = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(next));
  });
  onTestFinished(() => {
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return (bytes, method) => {
    next = Buffer.from(bytes);
    const interim: AnswerHead[] = [];
    const { promise, resolve } = Promise.withResolvers<Answer | string>();
    const options = { host: '127.0.0.1', port, method, agent: false, maxHeaderSize: 1024 * 1024 };
    const sent = request(options, (res) => {
      const body: Buffer[] = [];
      res.on('data', (chunk) => body.push(chunk));
      res.on('error', (error) => resolve(String(error)));
      res.on('end', () => {
        const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = res;
        resolve({
          interim,
          head: { status, reason, rawHeaders },
          body: Buffer.concat(body).toString('latin1'),
          trailers: res.rawTrailers,
        });
      });
    });
    sent.on('information', ({ statusCode: status, statusMessage: reason, rawHeaders }) =>
      interim.push({ status, reason, rawHeaders }),
    );
    sent.on('upgrade', () => resolve('upgraded'));
    sent.on('error', (error) => resolve(String(error)));
    sent.end();
    return promise;
  };
}

const ok = 'HTTP/1.1 200 OK\r\n';
const inOneChunk = '5\r\nhello\r\n0\r\n\r\n';
const chunkedHead = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

describe('refused, in whatever pieces it comes:', () => {
  const heads: [what: string, bytes: string][] = [
    ['an empty line first', `\r\n${ok}Content-Length: 0\r\n\r\n`],
    ['a bare LF first', `\n${ok}Content-Length: 0\r\n\r\n`],
    ['a bare LF behind the status line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['a bare CR behind the status line', 'HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n'],
    ['a bare LF behind a header', `${ok}X: 1\nContent-Length: 0\r\n\r\n`],
    ['a bare CR in a header', `${ok}X: 1\rContent-Length: 0\r\n\r\n`],
    ['CR CR LF behind a header', `${ok}X: 1\r\r\nContent-Length: 0\r\n\r\n`],
    ['a bare LF before the empty line', `${ok}Content-Length: 0\n\r\n\r\n`],
    ['a folded header', `${ok}X: 1\r\n 2\r\nContent-Length: 0\r\n\r\n`],
    ['a header folded by a tab', `${ok}X: 1\r\n\tContent-Length: 5\r\n\r\n`],
    ['a folded first header', `${ok} X: 1\r\nContent-Length: 0\r\n\r\n`],
    ['a length in a folded line', `${ok}Content-Length:\r\n 5\r\n\r\nhello`],
    ['a space before the colon', `${ok}Content-Length : 5\r\n\r\nhello`],
    ['a tab before the colon', `${ok}Transfer-Encoding\t: chunked\r\n\r\n${inOneChunk}`],
    ['no colon', `${ok}Content-Length\r\n\r\n`],
    ['no name', `${ok}: 5\r\nContent-Length: 0\r\n\r\n`],
    ['a name in quotes', `${ok}"Content-Length": 5\r\n\r\nhello`],
    ['a name of other bytes', `${ok}Content-Length\xa0: 5\r\n\r\nhello`],
    ['NUL in a name', `${ok}Content-Length\0: 5\r\n\r\nhello`],
    ['NUL in a value', `${ok}X: a\0b\r\nContent-Length: 0\r\n\r\n`],
    ['DEL in a value', `${ok}X: a\x7fb\r\nContent-Length: 0\r\n\r\n`],
    ['a vertical tab about a value', `${ok}Content-Length: \x0b5\r\n\r\nhello`],
    ['two lengths', `${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['the same length twice', `${ok}Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello`],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
    ['an interim answer with a bad length', `HTTP/1.1 103 Hints\r\nContent-Length: x\r\n\r\n${ok}`],
    // After either the connection ends, and the answer never comes; another reader takes no more of it.
    ['an interim answer in HTTP/1.0', `HTTP/1.0 103 Hints\r\n\r\n${ok}Content-Length: 0\r\n\r\n`],
    [
      'an interim answer that closes',
      `HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n${ok}Content-Length: 0\r\n\r\n`,
    ],
    ['a head that is over 64 KiB', `${ok}X: ${'x'.repeat(maxHeadBytes)}\r\n\r\n`],
    ['a head that is over 64 KiB and has no end', `${ok}X: ${'x'.repeat(maxHeadBytes)}`],
  ];
  const lengths = [
    '',
    '+5',
    '-5',
    '-0',
    '0x5',
    '5h',
    '5.0',
    '5e0',
    '5 5',
    '5_0',
    '5,5',
    '5, 5',
    '5;',
    '"5"',
    '\xb2',
    `${'0'.repeat(15)}5`,
    '1000000000000000',
    '9007199254740993',
    '18446744073709551621',
    '9'.repeat(400),
  ].map((value): [string, string] => [
    `Content-Length: ${value.slice(0, 30)}`,
    `${ok}Content-Length: ${value}\r\n\r\nhello`,
  ]);
  const codings = [
    '',
    'identity',
    'gzip',
    'xchunked',
    'chunkedx',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'chunked, identity',
    ', chunked',
    'chunked,',
    'chunked;q=1',
    '"chunked"',
    'chunked\x0b',
    'chun\u212aed',
  ].map((value): [string, string] => [
    `Transfer-Encoding: ${JSON.stringify(value)}`,
    `${ok}Transfer-Encoding: ${value}\r\n\r\n${inOneChunk}`,
  ]);
  const framings: [what: string, bytes: string][] = [
    [
      'a length before chunks',
      `${ok}Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n${inOneChunk}`,
    ],
    [
      'a length behind chunks',
      `${ok}Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n${inOneChunk}`,
    ],
    [
      'chunks twice',
      `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${inOneChunk}`,
    ],
    [
      'chunks beside another coding',
      `${ok}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n${inOneChunk}`,
    ],
    ['chunks in HTTP/1.0', `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${inOneChunk}`],
  ];
  const chunks = (
    [
      ['no chunk size', '\r\nhello\r\n0\r\n\r\n'],
      ['an extension without a size', ';a=b\r\nhello\r\n0\r\n\r\n'],
      ['a signed chunk size', '+5\r\nhello\r\n0\r\n\r\n'],
      ['a negative chunk size', '-5\r\nhello\r\n0\r\n\r\n'],
      ['a chunk size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
      ['a chunk size with an underscore', '0_5\r\nhello\r\n0\r\n\r\n'],
      ['a chunk size that is no hexadecimal', 'g\r\nhello\r\n0\r\n\r\n'],
      ['a blank before a chunk size', ' 5\r\nhello\r\n0\r\n\r\n'],
      ['a blank behind a chunk size', '5 \r\nhello\r\n0\r\n\r\n'],
      ['a chunk size of 2^52', '10000000000000\r\nhello'],
      ['a chunk size of 2^64 and 5', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
      ['a chunk size of many zeros', '00000000000005\r\nhello\r\n0\r\n\r\n'],
      ['a bare LF behind a chunk size', '5\nhello\r\n0\r\n\r\n'],
      ['a bare CR behind a chunk size', '5\rhello\r\n0\r\n\r\n'],
      ['a bare LF in an extension', '5;a\nhello\r\n0\r\n\r\n'],
      ['a bare CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
      ['NUL in an extension', '5;a\0\r\nhello\r\n0\r\n\r\n'],
      ['an extension without a name', '5;\r\nhello\r\n0\r\n\r\n'],
      ['an extension whose quotes do not end', '5;a="\r\nhello\r\n0\r\n\r\n'],
      ['a size line over 4 KiB', `5;a=${'a'.repeat(5000)}\r\nhello\r\n0\r\n\r\n`],
      ['a size line over 4 KiB that has no end', `5;a=${'a'.repeat(5000)}`],
      ['a chunk without its CR LF', '5\r\nhello0\r\n\r\n'],
      ['a chunk that ends by a bare LF', '5\r\nhello\n0\r\n\r\n'],
      ['a chunk that ends by a bare CR', '5\r\nhello\r0\r\n\r\n'],
      ['a chunk that is longer than it says', '2\r\nhello\r\n0\r\n\r\n'],
      ['a chunk that is shorter than it says', '7\r\nhello\r\n0\r\n\r\n'],
      ['a bare LF behind the last chunk', '0\n\r\nX\r\n\r\n'],
      ['a bare LF for the end of the trailers', '0\r\n\nX\r\n\r\n'],
      ['a bare CR for the end of the trailers', '0\r\n\rX\r\n\r\n'],
      ['a bare LF in a trailer', '0\r\nX: 1\nY: 2\r\n\r\n'],
      ['NUL in a trailer', '0\r\nX: \0\r\n\r\n'],
      ['a folded trailer', '0\r\nX: 1\r\n 2\r\n\r\n'],
      ['a trailer that begins by a blank', '0\r\n X: 1\r\n\r\n'],
      ['a blank before the colon of a trailer', '0\r\nX : 1\r\n\r\n'],
      ['a trailer without a colon', '0\r\nhello\r\n\r\n'],
      ['trailers over 64 KiB', `0\r\nX: ${'x'.repeat(maxHeadBytes)}\r\n\r\n`],
    ] as const
  ).map(([what, text]): [string, string] => [what, chunkedHead + text]);

  test.each([...heads, ...lengths, ...codings, ...framings, ...chunks])('%s', (_what, text) => {
    const bytes = latin1(text);
    expect(refusal([bytes])).toBeInstanceOf(MalformedAnswer);
    const pieces = bytes.length < 10_000 ? bytewise(bytes) : splitAt(bytes, [9, 5000]);
    expect(refusal(pieces)).toBeInstanceOf(MalformedAnswer);
  });
});

test('a fault is told as soon as it has come, and not when the rest has', () => {
  // Else whoever speaks another protocol, and waits for us, is waited for.
  expect(refusal([latin1('220 mail.example ESMTP\r\n')])).toBeInstanceOf(MalformedAnswer);
  expect(refusal([latin1('HTTP/1.1 200 OK\nX: 1\n')])).toBeInstanceOf(MalformedAnswer);
  expect(refusal([latin1('HTTP/2 200\r\n')])).toBeInstanceOf(MalformedAnswer);
  expect(refusal([latin1('\x15\x03\x03\x00\x02\x02\x46')])).toBeInstanceOf(MalformedAnswer);
});

describe('at its bounds', () => {
  const headOf = (bytes: number) => `${`${ok}Content-Length: 0\r\nX: `.padEnd(bytes, 'x')}\r\n\r\n`;
  const lineOf = (bytes: number) => `${chunkedHead}${'0;a='.padEnd(bytes, 'a')}\r\n\r\n`;

  test.each([
    ['a head', headOf, maxHeadBytes],
    ['a size line', lineOf, 4096],
  ])(
    '%s of just so many bytes is taken in any pieces, and one more is not',
    (_what, make, most) => {
      const [just, over] = [latin1(make(most)), latin1(make(most + 1))];
      for (let fromEnd = 0; fromEnd <= 8; fromEnd += 1) {
        const cuts = [just.length - fromEnd];
        expect(read(splitAt(just, cuts))?.taken).toBe(just.length);
        expect(refusal(splitAt(over, cuts))).toBeInstanceOf(MalformedAnswer);
      }
    },
  );
});

describe('whether its connection goes on', () => {
  test.each<[string, string, string, number | undefined]>([
    ['a length', 'GET', `${ok}Content-Length: 0\r\n\r\n`, undefined],
    ['chunks', 'GET', `${chunkedHead}0\r\n\r\n`, undefined],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
    ['HEAD, and no length', 'HEAD', `${ok}\r\n`, undefined],
    ['a time', 'GET', `${ok}Content-Length: 0\r\nKeep-Alive: timeout=7\r\n\r\n`, 7000],
    ['no time at all', 'GET', `${ok}Content-Length: 0\r\nKeep-Alive: timeout=0\r\n\r\n`, 0],
    ['close', 'GET', `${ok}Content-Length: 0\r\nConnection: close\r\n\r\n`, 0],
    [
      'close in spite of a time',
      'GET',
      `${ok}Content-Length: 0\r\nConnection: close\r\nKeep-Alive: timeout=7\r\n\r\n`,
      0,
    ],
    ['HTTP/1.0', 'GET', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 0],
    ['the end of the connection', 'GET', `${ok}Keep-Alive: timeout=7\r\n\r\nhello`, 0],
  ])('%s', (_what, method, text, keepAliveMs) => {
    const reading = readText(text, method);
    expect(reading).toBeDefined();
    expect(reading?.keepAliveMs).toBe(keepAliveMs);
  });
});

test('one reader reads one answer after the other, and nothing of the first is in the second', () => {
  const reader = new AnswerReader();
  const told: unknown[] = [];
  const listener = {
    onInformation: () => {},
    onHead: ({ status }: AnswerHead) => told.push(status),
    onBody: (bytes: Buffer) => told.push(bytes.toString()),
    onEnd: (trailers: readonly string[]) => told.push(trailers),
  };
  for (const [method, text] of [
    ['GET', `${chunkedHead}${inOneChunk}`],
    ['HEAD', `${ok}Content-Length: 5\r\nConnection: close\r\n\r\n`],
    ['GET', `${ok}Content-Length: 2\r\n\r\nhi`],
  ] as const) {
    reader.start(method, listener);
    for (const piece of bytewise(latin1(text)).slice(0, -1)) reader.read(piece);
    expect(reader.isOver).toBe(false);
    reader.read(latin1(text.slice(-1)));
    expect(reader.isOver).toBe(true);
  }
  expect(told).toEqual([
    ...[200, 'h', 'e', 'l', 'l', 'o', []],
    ...[200, []],
    ...[200, 'h', 'i', []],
  ]);
  expect(reader.keepAliveMs).toBeUndefined();
});

test('a listener that stops it in the middle is told nothing more, and the rest is left', () => {
  const reader = new AnswerReader();
  const told: string[] = [];
  reader.start('GET', {
    onInformation: () => {},
    onHead: () => {},
    onBody: (bytes) => {
      told.push(bytes.toString());
      reader.stop();
    },
    onEnd: () => told.push('the end'),
  });
  const bytes = latin1(`${chunkedHead}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`);
  expect(reader.read(bytes)).toBe(bytes.indexOf('\r\n5\r\nworld'));
  expect(reader.isOver).toBe(true);
  expect(told).toEqual(['hello']);
});
