// The SOAP API, as small as its clients need it to see that they are logged in: getUserInfo, query, logout, and login's refusal.
// Its session is in the body (SessionHeader/sessionId, any prefix) and nowhere else; every fault is HTTP 500.
// Authority: SOAP API Developer Guide; salesforce-facts.md sections 2 and 7.

import { createHash } from 'node:crypto';
import { ApiError } from '../data/api-error.ts';
import { runSoql, type SoqlResult, toSObject } from '../data/soql.ts';
import type { Session } from '../login/sessions.ts';
import type { OrgState } from '../org-state.ts';
import { type Reply, textReply } from '../salesforce-response.ts';
import { escapeXml, readElement, unescapeXml } from '../xml.ts';
import type { Api, ApiCall } from './api.ts';
import { parseVersion } from './api-version.ts';

const namespaces: Readonly<Record<string, string>> = {
  u: 'urn:partner.soap.sforce.com',
  c: 'urn:enterprise.soap.sforce.com',
  m: 'http://soap.sforce.com/2006/04/metadata',
  s: 'http://soap.sforce.com/2006/08/apex',
  T: 'urn:tooling.soap.sforce.com',
};

const loginDisabled = new ApiError(
  500,
  'INVALID_OPERATION',
  'SOAP API login() is disabled by default in this org. Contact the org administrator to enable it.',
);

export function createSoapApi(org: OrgState): Api {
  return {
    readToken,
    missingToken: async (call) => {
      const isLogin = operationOf(await call.body.text()) === 'login';
      return fault(call, isLogin ? loginDisabled : invalidSession(''));
    },
    deadSession: async (call) => fault(call, invalidSession(await readToken(call))),
    handle: async (call, session) => {
      try {
        checkVersion(call);
        return envelope(call, answerOperation(org, session, await call.body.text()));
      } catch (error) {
        if (error instanceof ApiError) return fault(call, error);
        throw error;
      }
    },
  };
}

function answerOperation(org: OrgState, session: Session, xml: string): string {
  const operation = operationOf(xml);
  switch (operation) {
    case 'getUserInfo':
      return result(operation, userInfo(org, session));
    case 'query':
    case 'queryAll': {
      const soql = unescapeXml(readElement(xml, 'queryString') ?? '');
      const options = { withDeleted: operation === 'queryAll', nowMs: org.now() };
      return result(operation, queryResult(runSoql(org.records, soql, options)));
    }
    case 'logout':
      org.sessions.end(session.token);
      return '<logoutResponse/>';
    case 'login':
      throw loginDisabled;
    default:
      throw new ApiError(500, 'INVALID_OPERATION', `operation ${operation} is not simulated`);
  }
}

async function readToken({ body }: ApiCall): Promise<string | undefined> {
  const header = readElement(await body.text(), 'SessionHeader') ?? '';
  return unescapeXml(readElement(header, 'sessionId') ?? '').trim() || undefined;
}

/** The first element in the Body, whatever its prefix. */
function operationOf(xml: string): string {
  const [, operation = ''] = /<(?:[\w.-]+:)?(\w+)/.exec(readElement(xml, 'Body') ?? '') ?? [];
  return operation;
}

function checkVersion({ path }: ApiCall): void {
  try {
    parseVersion(path[3] ?? '');
  } catch {
    throw new ApiError(500, 'UNSUPPORTED_API_VERSION', 'Unsupported API version requested');
  }
}

/** Like today's Salesforce, names a hash of the session; older ones echoed the session itself. */
function invalidSession(token = ''): ApiError {
  const hash = createHash('sha256').update(token).digest('base64');
  return new ApiError(
    500,
    'INVALID_SESSION_ID',
    `Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: ${hash}\nThis error usually occurs after a session expires or a user logs out. Decoder: DataInDbSessionKeyDecoder`,
  );
}

function userInfo({ info }: OrgState, { user }: Session): string {
  return elements({
    accessibilityMode: false,
    organizationId: info.id18,
    organizationMultiCurrency: false,
    organizationName: info.name,
    sessionSecondsValid: 7200,
    userEmail: user.username,
    userFullName: user.name,
    userId: user.id,
    userLanguage: 'en_US',
    userLocale: 'en_US',
    userName: user.username,
    userTimeZone: 'Europe/Berlin',
    userType: 'Standard',
    userUiSkin: 'Theme3',
  });
}

function queryResult(selected: SoqlResult): string {
  const rows = selected.countOnly ? [] : selected.rows;
  const records = rows.map((row) => sObject('records', toSObject(selected, row, '67.0')));
  const size = elements({ size: selected.rows.length });
  return `<done>true</done><queryLocator xsi:nil="true"/>${records.join('')}${size}`;
}

function sObject(name: string, { attributes, ...fields }: Record<string, unknown>): string {
  const { type } = attributes as { type: string };
  const inner = Object.entries(fields).map(([field, value]) => {
    if (value === null) return `<sf:${field} xsi:nil="true"/>`;
    if (typeof value === 'object') return sObject(`sf:${field}`, value as Record<string, unknown>);
    return `<sf:${field}>${escapeXml(String(value))}</sf:${field}>`;
  });
  return `<${name} xsi:type="sf:sObject"><sf:type>${type}</sf:type>${inner.join('')}</${name}>`;
}

function elements(values: Record<string, unknown>): string {
  const parts = Object.entries(values).map(
    ([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`,
  );
  return parts.join('');
}

function result(operation: string, inner: string): string {
  return `<${operation}Response><result>${inner}</result></${operation}Response>`;
}

function envelope(call: ApiCall, body: string, status = 200): Reply {
  const namespace = namespaces[call.path[2] ?? ''] ?? namespaces.u;
  const sf = status === 200 ? 'urn:sobject.partner.soap.sforce.com' : faultNamespace(call);
  return textReply(
    status,
    'text/xml;charset=UTF-8',
    `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="${namespace}" xmlns:sf="${sf}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
  );
}

function faultNamespace({ path }: ApiCall): string {
  if (path[2] === 'c') return 'urn:fault.enterprise.soap.sforce.com';
  return path[2] === 'u' ? 'urn:fault.partner.soap.sforce.com' : (namespaces[path[2] ?? ''] ?? '');
}

function fault(call: ApiCall, { errorCode, message }: ApiError): Reply {
  const text = escapeXml(`${errorCode}: ${message}`);
  const detail = `<sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault"><sf:exceptionCode>${errorCode}</sf:exceptionCode><sf:exceptionMessage>${escapeXml(message)}</sf:exceptionMessage></sf:UnexpectedErrorFault>`;
  const body = `<soapenv:Fault><faultcode>sf:${errorCode}</faultcode><faultstring>${text}</faultstring><detail>${detail}</detail></soapenv:Fault>`;
  return envelope(call, body, 500);
}
