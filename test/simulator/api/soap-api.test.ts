import { expect, test } from 'vitest';
import { readElement, readElements } from '../../../src/simulator/xml.ts';
import { send, startOrgWithSession } from '../org-fixture.ts';

async function startSoap() {
  const { org, token } = await startOrgWithSession();
  return (body: string, { path = '/services/Soap/u/64.0', session = token } = {}) =>
    send(org, path, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', soapaction: '""' },
      body: `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Header><SessionHeader><sessionId>${session}</sessionId></SessionHeader></soapenv:Header><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
    });
}

test('getUserInfo tells who is logged in', async () => {
  const call = await startSoap();
  const answer = await call('<getUserInfo/>');
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/xml;charset=UTF-8']);
  expect(readElement(answer.body, 'userName')).toBe('integration@example.com');
  expect(readElement(answer.body, 'sessionSecondsValid')).toBe('7200');
});

test('query answers records, with parents nested', async () => {
  const call = await startSoap();
  const soql = "SELECT Id, Account.Name FROM Contact WHERE LastName &lt; 'Z' LIMIT 2";
  const answer = await call(`<query><queryString>${soql}</queryString></query>`);
  expect(readElement(answer.body, 'size')).toBe('2');
  expect(readElements(answer.body, 'records')).toHaveLength(2);
  expect(answer.body).toContain('<sf:Account xsi:type="sf:sObject"><sf:type>Account</sf:type>');
  const wrong = await call('<query><queryString>SELECT</queryString></query>');
  expect([wrong.status, readElement(wrong.body, 'faultcode')]).toEqual([500, 'sf:MALFORMED_QUERY']);
});

test('logout ends the session', async () => {
  const call = await startSoap();
  expect((await call('<logout/>')).status).toBe(200);
  expect((await call('<getUserInfo/>')).body).toContain('sf:INVALID_SESSION_ID');
});

test('login is disabled, and retired versions are refused', async () => {
  const call = await startSoap();
  const login = await call('<login><username>a</username></login>', { session: '' });
  expect(login.status).toBe(500);
  expect(readElement(login.body, 'faultstring')).toContain(
    'INVALID_OPERATION: SOAP API login() is disabled by default in this org',
  );
  const retired = await call('<getUserInfo/>', { path: '/services/Soap/u/29.0' });
  expect(readElement(retired.body, 'faultcode')).toBe('sf:UNSUPPORTED_API_VERSION');
});
