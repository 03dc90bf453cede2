import { expect, test } from 'vitest';
import { isDeadSession, mayBeDeadSession } from '../../src/salesforce/dead-session.ts';
import type { Api } from '../../src/salesforce/session-carrier.ts';

const rest = '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]';
const soap = (faultcode: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault>${faultcode}<faultstring>INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: abc=
This error usually occurs after a session expires or a user logs out. Decoder: DataInDbSessionKeyDecoder</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`;
const bulkXml = (prefix = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><${prefix}error xmlns="http://www.force.com/2009/06/asyncapi/dataload"><${prefix}exceptionCode>InvalidSessionId</${prefix}exceptionCode><exceptionMessage>Invalid session id</exceptionMessage></${prefix}error>`;

const dead: [name: string, api: Api, status: number, body: string][] = [
  ['REST, an array', 'rest', 401, rest],
  ['REST, an object (Chatter)', 'rest', 401, rest.slice(1, -1)],
  ['REST, pretty printed', 'rest', 401, JSON.stringify(JSON.parse(rest), null, 2)],
  [
    'REST, XML',
    'rest',
    401,
    '<?xml version="1.0" encoding="UTF-8"?><Errors><Error><errorCode>INVALID_SESSION_ID</errorCode><message>Session expired or invalid</message></Error></Errors>',
  ],
  ['REST, XML with a prefix', 'rest', 401, '<e:errorCode> INVALID_SESSION_ID </e:errorCode>'],
  ['REST, cut off behind the code', 'rest', 401, `${rest.slice(0, -1)},{"message":"xxxxx`],
  ['REST on the Bulk 1.0 path', 'bulk1', 401, rest],
  ['CometD', 'cometd', 401, rest],
  ['identity', 'identity', 401, rest],
  ['Bulk 1.0, XML', 'bulk1', 400, bulkXml()],
  ['Bulk 1.0, XML with a prefix', 'bulk1', 400, bulkXml('d:')],
  [
    'Bulk 1.0, JSON',
    'bulk1',
    400,
    '{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}',
  ],
  ['SOAP', 'soap', 500, soap('<faultcode>sf:INVALID_SESSION_ID</faultcode>')],
  ['SOAP, another prefix', 'soap', 500, soap('<faultcode>ns1:INVALID_SESSION_ID</faultcode>')],
  ['SOAP, no prefix', 'soap', 500, soap('<faultcode>INVALID_SESSION_ID</faultcode>')],
  [
    'SOAP, a prefixed and declared faultcode',
    'soap',
    500,
    soap('<env:faultcode xmlns:x="urn:x">x:INVALID_SESSION_ID</env:faultcode>'),
  ],
  [
    'SOAP 1.2',
    'soap',
    500,
    soap('<env:Code><env:Value>sf:INVALID_SESSION_ID</env:Value></env:Code>'),
  ],
  ['userinfo', 'identity', 403, 'Bad_OAuth_Token'],
  ['userinfo, quoted', 'identity', 403, '"Bad_OAuth_Token"\n'],
];

test.each(dead)('%s is a dead session', (_name, api, status, body) => {
  expect(mayBeDeadSession(api, status)).toBe(true);
  expect(isDeadSession(api, status, body)).toBe(true);
});

const coded = (message: string) => JSON.stringify([{ message, errorCode: 'INVALID_SESSION_ID' }]);
const alive: [name: string, api: Api, status: number, body: string][] = [
  [
    'not valid for the REST API',
    'rest',
    401,
    coded('This session is not valid for use with the REST API'),
  ],
  ['app not attached', 'rest', 401, coded('Connected app is not attached to Agent')],
  ['BlackTab users', 'rest', 401, coded('BlackTab users cannot perform API operations')],
  [
    'a malformed header',
    'rest',
    401,
    '[{"message":"INVALID_HEADER_TYPE","errorCode":"INVALID_AUTH_HEADER"}]',
  ],
  [
    'a spent limit',
    'rest',
    403,
    '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
  ],
  [
    'an org without the API',
    'rest',
    403,
    '[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]',
  ],
  ['the code with another status', 'rest', 403, rest],
  ['the code with 200', 'rest', 200, rest],
  ['a message that quotes the code', 'rest', 401, '[{"message":"see INVALID_SESSION_ID"}]'],
  [
    'a message that quotes a whole answer',
    'rest',
    401,
    JSON.stringify([{ message: `it said ${rest}`, errorCode: 'OTHER' }]),
  ],
  [
    'XML whose message quotes it',
    'rest',
    401,
    '<Errors><Error><errorCode>OTHER</errorCode><message>&lt;errorCode&gt;INVALID_SESSION_ID&lt;/errorCode&gt;</message></Error></Errors>',
  ],
  ['a code that only begins so', 'rest', 401, '[{"errorCode":"INVALID_SESSION_ID_X"}]'],
  ['a guest user without access', 'rest', 401, '[{"errorCode":"INSUFFICIENT_ACCESS"}]'],
  ['nothing', 'rest', 401, ''],
  ['Bulk 1.0 in its other dialect', 'rest', 400, bulkXml()],
  [
    'another error of Bulk 1.0',
    'bulk1',
    400,
    '<error><exceptionCode>InvalidBatch</exceptionCode><exceptionMessage>InvalidSessionId</exceptionMessage></error>',
  ],
  ['a SOAP fault that only mentions it', 'soap', 500, soap('<faultcode>sf:OTHER</faultcode>')],
  ['a SOAP fault as REST', 'rest', 500, soap('<faultcode>sf:INVALID_SESSION_ID</faultcode>')],
  [
    'SOAP not valid for the API',
    'soap',
    500,
    '<faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: This session is not valid for use with the REST API</faultstring>',
  ],
  ['userinfo without a token', 'identity', 403, 'Missing_OAuth_Token'],
  ['userinfo of another org', 'identity', 403, 'Wrong_Org'],
  ['userinfo with an unknown id', 'identity', 403, 'Bad_Id'],
  ['a page about Bad_OAuth_Token', 'identity', 403, '<html>Bad_OAuth_Token</html>'],
  ['Bad_OAuth_Token elsewhere', 'rest', 403, 'Bad_OAuth_Token'],
];

test.each(alive)('%s is no dead session', (_name, api, status, body) => {
  expect(isDeadSession(api, status, body)).toBe(false);
});

test('an answer to HEAD has no body, so its 401 counts, and only that', () => {
  expect(isDeadSession('rest', 401, undefined)).toBe(true);
  expect(isDeadSession('rest', 403, undefined)).toBe(false);
  expect(isDeadSession('bulk1', 400, undefined)).toBe(false);
  expect(isDeadSession('identity', 403, undefined)).toBe(false);
  expect(isDeadSession('soap', 500, undefined)).toBe(false);
});

test.each([
  ['[{"channel":"/meta/connect","error":"401::Authentication invalid","successful":false}]', true],
  ['[{"error": "401::Request requires authentication"}]', true],
  [
    '[{"error":"403::Handshake denied","ext":{"sfdc":{"failureReason":"401::Authentication invalid"}}}]',
    true,
  ],
  ['[{"error":"403::Unknown client","advice":{"reconnect":"handshake"}}]', false],
  ['[{"error":"403::Handshake denied","ext":{"sfdc":{"failureReason":"503::busy"}}}]', false],
  [
    '[{"channel":"/topic/x","data":{"text":"\\"error\\":\\"401::Authentication invalid\\""}}]',
    false,
  ],
  ['[{"channel":"/meta/connect","successful":true}]', false],
])('CometD answers 200 and tells in its messages: %s', (body, isDead) => {
  expect(mayBeDeadSession('cometd', 200)).toBe(true);
  expect(isDeadSession('cometd', 200, body)).toBe(isDead);
  expect(isDeadSession('rest', 200, body)).toBe(false);
});

test('what succeeds is never looked at', () => {
  for (const api of ['rest', 'bulk1', 'soap', 'identity'] as const) {
    for (const status of [200, 201, 204, 302, 304, 404, 420, 502, 503]) {
      expect(mayBeDeadSession(api, status)).toBe(false);
    }
  }
});

test('hostile bodies are judged in linear time', () => {
  // More than linear, and the deadline of the test is missed by far.
  for (const piece of ['<a:', '"errorCode" ', '<faultcode ', '<a.b.c', '<x:errorCode>  ']) {
    const body = piece.repeat(64 * 1024);
    for (const api of ['rest', 'bulk1', 'soap', 'identity'] as const) {
      for (const status of [400, 401, 403, 500]) isDeadSession(api, status, body);
    }
  }
});
