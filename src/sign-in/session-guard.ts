// Logging out is answered here and never forwarded: all clients share one session, since Salesforce gives the same token to
// equal logins, and one client's logout would end it for all (salesforce-facts, section 2).
import type { ServerResponse } from 'node:http';

export const revokePath = '/services/oauth2/revoke';

/** RFC 7009 section 2.2: 200, whether the token was known or not. */
export function answerRevoke(res: ServerResponse): void {
  res.writeHead(200, { 'content-length': 0, 'cache-control': 'no-store' });
  res.end();
}

export function answerSoapLogout(res: ServerResponse, path: string): void {
  const namespace = /\/Soap\/+c(\/|$)/.test(path)
    ? 'urn:enterprise.soap.sforce.com'
    : 'urn:partner.soap.sforce.com';
  const body = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="${namespace}"><soapenv:Body><logoutResponse/></soapenv:Body></soapenv:Envelope>`;
  res.writeHead(200, {
    'content-type': 'text/xml;charset=UTF-8',
    'content-length': Buffer.byteLength(body),
  });
  res.end(body);
}
