import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { readSessionId, soapOperation, withSessionId } from '../../src/salesforce/soap-body.ts';

const path = '/services/Soap/u/64.0';
const soapNs = 'http://schemas.xmlsoap.org/soap/envelope/';

function fill(envelope: string, at = path): string | undefined {
  return withSessionId(Buffer.from(envelope), at, new Secret('NEW!AQ<&>'))?.toString();
}

const newId = 'NEW!AQ&lt;&amp;&gt;';
const ours = (namespace = 'urn:partner.soap.sforce.com') =>
  `<sf:SessionHeader xmlns:sf="${namespace}"><sf:sessionId>${newId}</sf:sessionId></sf:SessionHeader>`;

/** What real clients write, with their session as `{id}`. */
const clients: Record<string, string> = {
  jsforce: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="${soapNs}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header xmlns="urn:partner.soap.sforce.com"><SessionHeader><sessionId>{id}</sessionId></SessionHeader><CallOptions><client>x</client></CallOptions></soapenv:Header><soapenv:Body xmlns="urn:partner.soap.sforce.com"><describeGlobal/></soapenv:Body></soapenv:Envelope>`,
  'WSC, Data Loader': `<?xml version="1.0" encoding="UTF-8"?><env:Envelope\n   xmlns:env="${soapNs}"\n   xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n <env:Header>\n  <SessionHeader xmlns="urn:partner.soap.sforce.com">\n   <sessionId>{id}</sessionId>\n  </SessionHeader>\n </env:Header>\n <env:Body>\n  <m:query xmlns:m="urn:partner.soap.sforce.com"><m:queryString>select Id from Account</m:queryString></m:query>\n </env:Body>\n</env:Envelope>`,
  'PHP toolkit': `<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soapNs}" xmlns:ns1="urn:partner.soap.sforce.com"><SOAP-ENV:Header><ns1:SessionHeader><ns1:sessionId>{id}</ns1:sessionId></ns1:SessionHeader></SOAP-ENV:Header><SOAP-ENV:Body><ns1:getUserInfo/></SOAP-ENV:Body></SOAP-ENV:Envelope>\n`,
  '.NET': `<s:Envelope xmlns:s="${soapNs}"><s:Header><h:SessionHeader xmlns:h="urn:enterprise.soap.sforce.com" xmlns="urn:enterprise.soap.sforce.com"><sessionId>{id}</sessionId></h:SessionHeader></s:Header><s:Body><create xmlns="urn:enterprise.soap.sforce.com"/></s:Body></s:Envelope>`,
};

test.each(Object.entries(clients))('%s: only the session id changes', (_name, envelope) => {
  for (const old of ['dummy', '', '<![CDATA[a<b]]>', 'a<!-- b -->c', '  spaced ']) {
    expect(fill(envelope.replace('{id}', old))).toBe(envelope.replace('{id}', newId));
  }
});

describe('where the client wrote no session', () => {
  const body = '<e:Body><q/></e:Body></e:Envelope>';
  const begin = `<e:Envelope xmlns:e="${soapNs}">`;

  test('without a Header, one is added with the prefix of the envelope', () => {
    expect(fill(begin + body)).toBe(`${begin}<e:Header>${ours()}</e:Header>${body}`);
  });

  test('without any prefix', () => {
    const [start, end] = [`<Envelope xmlns="${soapNs}">`, '<Body><q/></Body></Envelope>'];
    expect(fill(start + end)).toBe(`${start}<Header>${ours()}</Header>${end}`);
  });

  test('an empty Header is filled, in either form', () => {
    expect(fill(`${begin}<e:Header a="1" />${body}`)).toBe(
      `${begin}<e:Header a="1" >${ours()}</e:Header>${body}`,
    );
    expect(fill(`${begin}<e:Header></e:Header>${body}`)).toBe(
      `${begin}<e:Header>${ours()}</e:Header>${body}`,
    );
  });

  test('a Header with other things keeps them', () => {
    const other = '<p:CallOptions xmlns:p="urn:x"><p:client>a>b</p:client></p:CallOptions>';
    expect(fill(`${begin}<e:Header>${other}</e:Header>${body}`)).toBe(
      `${begin}<e:Header>${ours()}${other}</e:Header>${body}`,
    );
  });

  test('an empty SessionHeader is filled with its own prefix and declarations', () => {
    for (const empty of [
      '<p:SessionHeader xmlns:p="urn:x"/>',
      '<p:SessionHeader xmlns:p="urn:x"> </p:SessionHeader>',
    ]) {
      expect(fill(`${begin}<e:Header>${empty}</e:Header>${body}`)).toBe(
        `${begin}<e:Header><p:SessionHeader xmlns:p="urn:x"><p:sessionId>${newId}</p:sessionId></p:SessionHeader></e:Header>${body}`,
      );
    }
  });

  test('an empty sessionId is filled, and is not nil any more', () => {
    const header = (id: string) =>
      `${begin}<e:Header><p:SessionHeader xmlns:p="urn:x">${id}</p:SessionHeader></e:Header>${body}`;
    const filled = header(`<p:sessionId>${newId}</p:sessionId>`);
    expect(fill(header('<p:sessionId/>'))).toBe(filled);
    expect(fill(header('<p:sessionId xsi:nil="true"/>'))).toBe(filled);
    expect(fill(header('<p:sessionId xsi:nil = "true"></p:sessionId>'))).toBe(filled);
  });

  test.each([
    ['u/64.0', 'urn:partner.soap.sforce.com'],
    ['c/64.0', 'urn:enterprise.soap.sforce.com'],
    ['m/64.0', 'http://soap.sforce.com/2006/04/metadata'],
    ['s/64.0', 'http://soap.sforce.com/2006/08/apex'],
    ['T/64.0', 'urn:tooling.soap.sforce.com'],
    ['class/MyService', 'http://soap.sforce.com/schemas/class/MyService'],
    ['class/acme/MyService?x', 'http://soap.sforce.com/schemas/class/acme/MyService'],
    ['x/64.0', 'urn:partner.soap.sforce.com'],
  ])('%s has the namespace of its WSDL', (kind, namespace) => {
    expect(fill(begin + body, `//services/Soap/${kind}`)).toContain(ours(namespace));
  });
});

describe('a session is never written where it does not belong', () => {
  const secretData =
    '<SessionHeader><sessionId>mine</sessionId></SessionHeader><soapenv:Header></soapenv:Header>';
  const envelope = (header: string, body: string) =>
    `<soapenv:Envelope xmlns:soapenv="${soapNs}">${header}<soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;

  test.each([
    ['CDATA in a record', envelope('', `<create><d><![CDATA[${secretData}]]></d></create>`)],
    ['a comment in the Body', envelope('', `<!-- ${secretData} --><create/>`)],
    ['elements in the Body', envelope('', `<create>${secretData}</create>`)],
    ['a record that names it', envelope('', '<create><d>SessionHeader</d></create>')],
  ])('%s', (_name, xml) => {
    expect(fill(xml)).toBe(
      xml.replace('<soapenv:Body>', `<soapenv:Header>${ours()}</soapenv:Header><soapenv:Body>`),
    );
  });

  test('a comment, an instruction or CDATA before the real header', () => {
    for (const noise of [
      `<!-- ${secretData} -->`,
      `<?x ${secretData}?>`,
      `<![CDATA[${secretData}]]>`,
    ]) {
      const xml = envelope(`${noise}<soapenv:Header>${noise}</soapenv:Header>`, '<q/>');
      expect(fill(xml)).toBe(
        xml.replace(`<soapenv:Header>${noise}`, `<soapenv:Header>${ours()}${noise}`),
      );
    }
  });

  test('of several, one is filled and the others go', () => {
    const header =
      '<SessionHeader><sessionId>a</sessionId><sessionId>b</sessionId></SessionHeader>';
    const filled = `<SessionHeader><sessionId>${newId}</sessionId></SessionHeader>`;
    expect(fill(envelope(`<soapenv:Header>${header}<x/>${header}</soapenv:Header>`, '<q/>'))).toBe(
      envelope(`<soapenv:Header>${filled}<x/></soapenv:Header>`, '<q/>'),
    );
  });
});

describe('what is no plain envelope is refused', () => {
  const good = clients.jsforce as string;
  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['JSON', '{"a":1}'],
    ['other XML', '<a><soapenv:Envelope/></a>'],
    ['a DOCTYPE', `<!DOCTYPE x [<!ENTITY e "f">]>${good}`],
    ['cut off in the header', good.slice(0, good.indexOf('CallOptions'))],
    ['cut off before the operation', good.slice(0, good.indexOf('<describeGlobal'))],
    ['badly nested', good.replace('</SessionHeader>', '</Other>')],
    ['nested without end', `<Envelope><Header>${'<a>'.repeat(100_000)}`],
    ['no Body', `<e:Envelope xmlns:e="${soapNs}"><e:Header/></e:Envelope>`],
  ])('%s', (_name, xml) => {
    expect(fill(xml)).toBeUndefined();
  });

  test('UTF-16', () => {
    for (const encoded of [
      Buffer.from(good, 'utf16le'),
      Buffer.from(`\ufeff${good}`, 'utf16le').swap16(),
    ]) {
      expect(withSessionId(encoded, path, new Secret('T'))).toBeUndefined();
    }
  });
});

test('all other bytes stay: a BOM, line ends, letters of any language, broken UTF-8', () => {
  const envelope = Buffer.concat([
    Buffer.from(
      `\ufeff<?xml version='1.0'?>\r\n<é:Envelope xmlns:é="${soapNs}">\r\n<é:Header><SessionHeader><sessionId>`,
    ),
    Buffer.from('dummy'),
    Buffer.from(
      '</sessionId></SessionHeader></é:Header>\r\n<é:Body a="1>2" b=\'"\'><create>Zürich 東京 ',
    ),
    Buffer.from([0xff, 0xfe, 0x80]),
    Buffer.from('</create></é:Body></é:Envelope>'),
  ]);
  const filled = withSessionId(envelope, path, new Secret('TOKEN'));
  expect(filled?.toString('latin1')).toBe(envelope.toString('latin1').replace('dummy', 'TOKEN'));
});

test('the beginning of a long envelope is enough, once its operation is there', () => {
  const begin = (clients.jsforce as string).replace(
    /<describeGlobal[\s\S]*/,
    '<create><sObjects>aaa',
  );
  expect(fill(begin)).toBe(begin.replace('{id}', newId));
});

test('big and hostile envelopes take linear time', () => {
  const big = (clients['PHP toolkit'] as string).replace(
    '<ns1:getUserInfo/>',
    `<ns1:create>${'<a>x</a>'.repeat(1 << 20)}</ns1:create>`,
  );
  // More than linear, and the deadline of the test is missed by far.
  expect(fill(big)?.length).toBeGreaterThan(8 << 20);
  const open = `<e:Envelope xmlns:e="${soapNs}"><e:Header>`;
  for (const piece of [
    '<!--',
    '<![CDATA[',
    '<?',
    '<a b="',
    '<a ',
    '<',
    '<a/>',
    '<SessionHeader/>',
    '<a:',
  ]) {
    fill(open + piece.repeat(200_000));
  }
  fill(`${open}<a ${'b="c" '.repeat(200_000)}`);
  fill(`${open}<a${' '.repeat(1_000_000)}`);
});

/** Where the Envelope's own Body begins: one inside of another element is none. */
function bodyOf(xml: string): number {
  let depth = 0;
  for (const { 1: isClosing, 2: name, 3: isEmpty, index } of xml.matchAll(
    /<(\/?)([\w:]+)[^<>]*?(\/?)>/g,
  )) {
    if (depth === 1 && !isClosing && name === 'e:Body') return index;
    if (isClosing) depth -= 1;
    else if (!isEmpty) depth += 1;
  }
  return -1;
}

test('random XML never gets a session outside of its Header', () => {
  const piece = fc.constantFrom(
    '<SessionHeader>',
    '</SessionHeader>',
    '<SessionHeader/>',
    '<sessionId>',
    '</sessionId>',
    '<sessionId/>',
    '<e:Header>',
    '</e:Header>',
    '<e:Header/>',
    '<e:Body>',
    '</e:Body>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    'x',
    '<q/>',
    '"',
    '>',
    '<',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const filled = fill(`<e:Envelope xmlns:e="${soapNs}">${pieces.join('')}`);
      if (filled === undefined) return;
      // Once, and before the Body: comments and CDATA are taken away first, as a parser of XML does.
      const plain = filled.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, '');
      expect(plain.split(newId)).toHaveLength(2);
      expect(plain.indexOf(newId)).toBeLessThan(bodyOf(plain));
      expect(filled.split(newId)).toHaveLength(2);
    }),
    { numRuns: 3000 },
  );
});

test('the client’s own session id can be read, as a key', () => {
  for (const envelope of Object.values(clients)) {
    expect(readSessionId(Buffer.from(envelope.replace('{id}', ' key-1 ')))).toBe('key-1');
    expect(readSessionId(Buffer.from(envelope.replace('{id}', '')))).toBeUndefined();
  }
  expect(readSessionId(Buffer.from('<a/>'))).toBeUndefined();
});

describe('the operation', () => {
  test.each([
    ['jsforce', 'describeGlobal'],
    ['WSC, Data Loader', 'query'],
    ['PHP toolkit', 'getUserInfo'],
    ['.NET', 'create'],
  ])('%s', (client, operation) => {
    expect(soapOperation(Buffer.from(clients[client] as string))).toBe(operation);
  });

  test('a logout cannot hide behind another one in a comment, CDATA or header', () => {
    const decoy = '<e:Body><query/></e:Body>';
    for (const noise of [
      `<!--${decoy}-->`,
      `<![CDATA[${decoy}]]>`,
      `<?x ${decoy}?>`,
      `<e:Header>${decoy}</e:Header>`,
    ]) {
      const xml = `<e:Envelope xmlns:e="${soapNs}">${noise}<e:Body>${noise.startsWith('<e') ? '' : noise}<p:logout/></e:Body></e:Envelope>`;
      expect(soapOperation(Buffer.from(xml))).toBe('logout');
    }
  });

  test('an empty Body has none', () => {
    expect(soapOperation(Buffer.from('<Envelope><Body/></Envelope>'))).toBeUndefined();
    expect(soapOperation(Buffer.from('<Envelope><Body> </Body></Envelope>'))).toBeUndefined();
  });
});
