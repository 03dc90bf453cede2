// Requests that two HTTP parsers may read as different requests, as data: what each does, its bytes, and what must become of it.
// Sources: RFC 9112 section 11, the request smuggling papers of PortSwigger (2019 to 2025) and the advisories of Node's parser.

export interface SmugglingCase {
  readonly name: string;
  readonly bytes: string;
  /** Undefined: it must be refused. Else its body as Salesforce must get it, in one request and no other. */
  readonly body?: string;
}

/** What must never be a request of its own. */
export const smuggled = 'GET /services/data/v67.0/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';

const post = 'POST /services/data/v67.0/own HTTP/1.1\r\nHost: localhost\r\n';
const get = 'GET /services/data/v67.0/own HTTP/1.1\r\nHost: localhost\r\n';
const length = smuggled.length;

const refused = (name: string, bytes: string): SmugglingCase => ({ name, bytes });
const passes = (name: string, bytes: string, body = ''): SmugglingCase => ({ name, bytes, body });

const twoLengths: SmugglingCase[] = [
  refused(
    'CL.TE: a length that covers less than the chunks',
    `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'TE.CL: chunks that end before the length',
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
  ),
  refused(
    'CL.TE with a length of nothing',
    `${post}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
  ),
  refused(
    'the length named by Connection, beside chunks',
    `${post}Connection: content-length\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'two lengths',
    `${post}Content-Length: 0\r\nContent-Length: ${length}\r\n\r\n${smuggled}`,
  ),
  refused('the same length twice', `${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`),
  refused('two lengths in one header', `${post}Content-Length: 0, ${length}\r\n\r\n${smuggled}`),
  refused('the same length twice in one header', `${post}Content-Length: 2, 2\r\n\r\nab`),
];

const oddLengths: SmugglingCase[] = [
  refused('a signed length', `${post}Content-Length: +2\r\n\r\nab`),
  refused('a negative length', `${post}Content-Length: -2\r\n\r\nab`),
  refused('a length in hexadecimal', `${post}Content-Length: 0x2\r\n\r\nab`),
  refused('a length with a fraction', `${post}Content-Length: 2.0\r\n\r\nab`),
  refused('a length with an exponent', `${post}Content-Length: 2e0\r\n\r\nab`),
  refused('a length with a blank in it', `${post}Content-Length: 1 2\r\n\r\nab`),
  refused('a length with an underscore in it', `${post}Content-Length: 1_0\r\n\r\nab`),
  refused('an empty length', `${post}Content-Length:\r\n\r\n${smuggled}`),
  refused('a length beyond 64 bits', `${post}Content-Length: 18446744073709551618\r\n\r\nab`),
  refused('a length with a vertical tab', `${post}Content-Length: \x0b2\r\n\r\nab`),
  refused('a length in another script', `${post}Content-Length: \xb2\r\n\r\nab`),
];

const encodings: SmugglingCase[] = [
  'xchunked',
  'chunked, identity',
  'identity, chunked',
  'chunked, chunked',
  'gzip, chunked',
  'chunked, gzip',
  'chunked;q=1',
  '"chunked"',
  "'chunked'",
  ', chunked',
  'chunked,',
  'identity',
  'gzip',
  'chunke\u00f0',
  '\x0bchunked',
  'chunked\x0b',
  'chunked\x00',
  '',
].map((value) =>
  refused(
    `Transfer-Encoding: ${JSON.stringify(value)}`,
    `${post}Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
);

const encodingHeaders: SmugglingCase[] = [
  refused(
    'Transfer-Encoding twice',
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'Transfer-Encoding twice the same',
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'Transfer-Encoding twice, the first unknown',
    `${post}Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a blank before the colon of Transfer-Encoding',
    `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a tab before the colon of Transfer-Encoding',
    `${post}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a blank before the colon of Content-Length',
    `${post}Content-Length : ${length}\r\n\r\n${smuggled}`,
  ),
  refused(
    'a blank before Transfer-Encoding (obs-fold)',
    `${post}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n${smuggled}`,
  ),
  refused(
    'Transfer-Encoding folded over two lines',
    `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a tab before a header (obs-fold)',
    `${post}X-A: b\r\n\tContent-Length: ${length}\r\n\r\n${smuggled}`,
  ),
  refused(
    'a blank before the first header',
    `POST /services/data/v67.0/own HTTP/1.1\r\n Host: localhost\r\n\r\n${smuggled}`,
  ),
  refused(
    'a bare LF before Transfer-Encoding',
    `${post}X-A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a bare CR before Transfer-Encoding',
    `${post}X-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  refused('a NUL in a header', `${post}X-A: b\0c\r\nContent-Length: 0\r\n\r\n${smuggled}`),
  refused(
    'a control character in the name of a header',
    `${post}Content\x01-Length: 0\r\n\r\n${smuggled}`,
  ),
  refused('a blank in the name of a header', `${post}Content Length: 0\r\n\r\n${smuggled}`),
  refused('a header without a colon', `${post}Content-Length\r\n\r\n${smuggled}`),
  refused('a header without a name', `${post}: x\r\n\r\n${smuggled}`),
  refused('a header name in quotes', `${post}"Content-Length": 0\r\n\r\n${smuggled}`),
  refused('a header name above ASCII', `${post}Content-Length\xff: 0\r\n\r\n${smuggled}`),
  refused(
    'Transfer-Encoding in HTTP/1.0',
    `POST /services/data/v67.0/own HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
];

const lines: SmugglingCase[] = [
  refused('bare LF for every line', `${get}X-A: b\r\n\r\n`.replaceAll('\r\n', '\n')),
  refused(
    'a bare LF ends the head',
    `${get}X-A: b\r\n\nGET /services/data/v67.0/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  ),
  refused('a bare CR ends the request line', `${get.replace('\r\n', '\r')}\r\n`),
  refused('a CR before the CR', `${get}X-A: b\r\r\n\r\n${smuggled}`),
  refused('a tab in the request line', `${get.replace(' /', '\t/')}\r\n`),
  refused('a blank before the method', ` ${get}\r\n`),
  refused('a blank behind the version', `${get.replace('1.1', '1.1 ')}\r\n`),
  refused('a blank in the target', `${get.replace('/own', '/own smuggled')}\r\n`),
  refused('no version', `GET /services/data/v67.0/own\r\n\r\n`),
  refused('a version of one digit', `${get.replace('1.1', '1')}\r\n`),
  refused('version 1.2', `${get.replace('1.1', '1.2')}\r\n`),
  refused('version 2.0', `${get.replace('1.1', '2.0')}\r\n`),
  refused('the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`),
  refused('a method in lower case', `${get.replace('GET', 'get')}\r\n`),
  refused('a method that is none', `${get.replace('GET', 'GETS')}\r\n`),
  refused('TRACE, which echoes the session', `${get.replace('GET', 'TRACE')}\r\n`),
  refused('absolute-form', `${get.replace(' /', ' http://localhost/')}\r\n`),
  refused(
    'absolute-form with another host than Host',
    `${get.replace(' /', ' http://evil.example/')}\r\n`,
  ),
  refused('authority-form', `CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  refused('asterisk-form', `OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  refused('a target with a raw backslash', `${get.replace('/own', '\\own')}\r\n`),
  refused('a target with a byte above ASCII', `${get.replace('/own', '/\xe9')}\r\n`),
  refused('a target with a fragment', `${get.replace('/own', '/own#x')}\r\n`),
  refused('a target with a NUL', `${get.replace('/own', '/own\0')}\r\n`),
];

const chunk = `${length.toString(16)}`;
const chunkedPost = `${post}Transfer-Encoding: chunked\r\n\r\n`;

const chunks: SmugglingCase[] = [
  refused('a chunk size with a sign', `${chunkedPost}+2\r\nab\r\n0\r\n\r\n`),
  refused('a negative chunk size', `${chunkedPost}-2\r\nab\r\n0\r\n\r\n`),
  refused('a chunk size with 0x', `${chunkedPost}0x2\r\nab\r\n0\r\n\r\n`),
  refused('a chunk size with an underscore', `${chunkedPost}0_2\r\nab\r\n0\r\n\r\n`),
  refused('a blank before a chunk size', `${chunkedPost} 2\r\nab\r\n0\r\n\r\n`),
  refused('an empty chunk size', `${chunkedPost}\r\nab\r\n0\r\n\r\n`),
  refused('a chunk size beyond 64 bits', `${chunkedPost}10000000000000002\r\nab\r\n0\r\n\r\n`),
  refused('a chunk size that is a word', `${chunkedPost}zz\r\nab\r\n0\r\n\r\n`),
  refused('a chunk without its CRLF', `${chunkedPost}2\r\nab0\r\n\r\n${smuggled}`),
  refused('a chunk that is longer than it says', `${chunkedPost}1\r\nab\r\n0\r\n\r\n${smuggled}`),
  refused('two bytes for the CRLF of a chunk', `${chunkedPost}2\r\nabXX0\r\n\r\n${smuggled}`),
  refused('a bare LF behind a chunk size', `${chunkedPost}2\nab\r\n0\r\n\r\n${smuggled}`),
  refused('a bare CR behind a chunk size', `${chunkedPost}2\rab\r\n0\r\n\r\n${smuggled}`),
  refused('a bare LF behind a chunk', `${chunkedPost}2\r\nab\n0\r\n\r\n${smuggled}`),
  refused(
    'a bare LF in a chunk extension (TERM.EXT)',
    `${chunkedPost}2;\nxx\r\n${chunk}\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a bare CR in a chunk extension (EXT.TERM)',
    `${chunkedPost}2;a\rb\r\nab\r\n0\r\n\r\n${smuggled}`,
  ),
  refused(
    'a trailer that is a length',
    `${chunkedPost}2\r\nab\r\n0\r\nContent-Length: 99\r\n\r\n${smuggled}`,
  ),
  refused(
    'a trailer that is a coding',
    `${chunkedPost}2\r\nab\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled}`,
  ),
  refused(
    'a trailer with a blank before its colon',
    `${chunkedPost}0\r\nContent-Length : 5\r\n\r\n${smuggled}`,
  ),
];

/** Odd, and yet there is only one way to read it: it arrives as one request. */
const harmless: SmugglingCase[] = [
  passes('chunks become a length', `${chunkedPost}${chunk}\r\n${smuggled}\r\n0\r\n\r\n`, smuggled),
  passes(
    'a body that looks like a request',
    `${post}Content-Length: ${length}\r\n\r\n${smuggled}`,
    smuggled,
  ),
  passes(
    'the body of a GET that looks like a request',
    `${get}Content-Length: ${length}\r\n\r\n${smuggled}`,
    smuggled,
  ),
  passes(
    'the body of a GET in chunks that looks like a request',
    `${get}Transfer-Encoding: chunked\r\n\r\n${chunk}\r\n${smuggled}\r\n0\r\n\r\n`,
    smuggled,
  ),
  passes(
    'the body of a DELETE that looks like a request',
    `${get.replace('GET', 'DELETE')}Content-Length: ${length}\r\n\r\n${smuggled}`,
    smuggled,
  ),
  passes(
    'the body of an OPTIONS that looks like a request',
    `${get.replace('GET', 'OPTIONS')}Content-Length: ${length}\r\n\r\n${smuggled}`,
    smuggled,
  ),
  passes('a chunk extension', `${chunkedPost}2;a=b;c="d"\r\nab\r\n0;e\r\n\r\n`, 'ab'),
  passes('leading zeros in a chunk size', `${chunkedPost}0002\r\nab\r\n000\r\n\r\n`, 'ab'),
  passes('leading zeros in a length', `${post}Content-Length: 02\r\n\r\nab`, 'ab'),
  passes(
    'chunked in another case',
    `${post}Transfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
    'ab',
  ),
  passes(
    'trailers that name what we set',
    `${chunkedPost}2\r\nab\r\n0\r\nAuthorization: Bearer stolen\r\nX-SFDC-Session: stolen\r\nHost: evil.example\r\n\r\n`,
    'ab',
  ),
  passes('two blanks in the request line', `${get.replace(' /', '  /')}\r\n`),
  passes('an empty line before the request', `\r\n${get}\r\n`),
  passes(
    'Connection names what we set',
    `${get}Connection: host, authorization, content-length, cookie, x-sfdc-session\r\n\r\n`,
  ),
  passes(
    'Connection names the length of a body',
    `${post}Connection: content-length\r\nContent-Length: ${length}\r\n\r\n${smuggled}`,
    smuggled,
  ),
  passes(
    'an upgrade to HTTP/2',
    `${post}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: ${length}\r\n\r\n${smuggled}`,
    smuggled,
  ),
  passes(
    'an upgrade to a WebSocket',
    `${get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  ),
  passes(
    'headers that some servers take for ours',
    `${post}Content_Length: 0\r\nTransfer_Encoding: chunked\r\nContent.Length: 0\r\nX_SFDC_Session: stolen\r\nX-SFDC_Session: stolen\r\nX.SFDC.Session: stolen\r\nX_API_Key: stolen\r\nX_Forwarded_For: stolen\r\nX_Real_IP: stolen\r\nAUTHORIZATION: Bearer stolen\r\nCookie: sid=stolen\r\nProxy_Authorization: stolen\r\nContent-Length: 2\r\n\r\nab`,
    'ab',
  ),
  passes(
    'credentials given twice',
    `${get}Authorization: Bearer stolen\r\nAuthorization: Bearer stolen\r\nX-SFDC-Session: stolen\r\nX-SFDC-Session: stolen\r\nX-API-Key: stolen\r\nProxy-Authorization: Basic stolen\r\nCookie: sid=stolen; oid=x\r\n\r\n`,
  ),
];

export const smugglingCorpus: readonly SmugglingCase[] = [
  ...twoLengths,
  ...oddLengths,
  ...encodings,
  ...encodingHeaders,
  ...lines,
  ...chunks,
  ...harmless,
];
