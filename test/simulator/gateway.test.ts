import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import {
  claimsFor,
  exchange,
  makeJwt,
  send,
  startOrg,
  startOrgWithSession,
} from './org-fixture.ts';

const limits = '/services/data/v67.0/limits';
const userinfo = '/services/oauth2/userinfo';
const soap = (token: string) =>
  `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="urn:partner.soap.sforce.com"><e:Header><p:SessionHeader><p:sessionId>${token}</p:sessionId></p:SessionHeader></e:Header><e:Body><p:getUserInfo/></e:Body></e:Envelope>`;

test('each API reads its session from its own carrier only', async () => {
  const { org, token } = await startOrgWithSession();
  const status = async (path: string, headers: Record<string, string>, body?: string) =>
    (await send(org, path, body ? { method: 'POST', headers, body } : { headers })).status;
  const bearer = { authorization: `Bearer ${token}` };
  const oauth = { authorization: `OAuth ${token}` };
  const sfdcSession = { 'x-sfdc-session': token };
  const jobs = '/services/async/67.0/job/750000000000001AAA';
  const soapPath = '/services/Soap/u/64.0/';

  expect(await status(limits, bearer)).toBe(200);
  expect(await status(limits, oauth)).toBe(200);
  expect(await status(limits, sfdcSession)).toBe(401);
  expect(await status(userinfo, bearer)).toBe(200);
  expect(await status(userinfo, sfdcSession)).toBe(403);
  expect((await send(org, jobs, { headers: sfdcSession })).body).toContain('InvalidJob');
  expect((await send(org, jobs, { headers: bearer })).body).toContain('InvalidSessionId');
  expect(await status(soapPath, {}, soap(token))).toBe(200);
  expect(await status(`/${soapPath}`, {}, soap(token))).toBe(200);
  expect(await status(soapPath, { ...bearer, ...sfdcSession }, soap('x'))).toBe(500);
});

test('a dead session is said in the dialect of each API', async () => {
  const { org, token } = await startOrgWithSession();
  org.control.endSessions();
  org.control.resetCounts();
  const authorization = `Bearer ${token}`;

  const rest = await send(org, limits, { headers: { authorization } });
  expect([rest.status, rest.reason, rest.body]).toEqual([
    401,
    'Unauthorized',
    '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
  ]);
  const xml = await send(org, limits, { headers: { authorization, accept: 'application/xml' } });
  expect(xml.headers['content-type']).toContain('application/xml');
  expect(xml.body).toContain(
    '<Errors><Error><errorCode>INVALID_SESSION_ID</errorCode><message>Session expired or invalid</message></Error></Errors>',
  );

  const bulk = await send(org, '/services/async/67.0/job', {
    method: 'POST',
    headers: { 'x-sfdc-session': token, 'content-type': 'application/xml' },
    body: '<jobInfo/>',
  });
  expect([bulk.status, bulk.body]).toEqual([
    400,
    '<?xml version="1.0" encoding="UTF-8"?><error xmlns="http://www.force.com/2009/06/asyncapi/dataload"><exceptionCode>InvalidSessionId</exceptionCode><exceptionMessage>Invalid session id</exceptionMessage></error>',
  ]);
  const bulkJson = await send(org, '/services/async/67.0/job', {
    method: 'POST',
    headers: { 'x-sfdc-session': token, 'content-type': 'application/json' },
    body: '{}',
  });
  expect([bulkJson.status, bulkJson.json()]).toEqual([
    400,
    { exceptionCode: 'InvalidSessionId', exceptionMessage: 'Invalid session id' },
  ]);

  const fault = await send(org, '/services/Soap/u/64.0', { method: 'POST', body: soap(token) });
  expect([fault.status, fault.reason]).toEqual([500, 'Internal Server Error']);
  expect(fault.body).toContain('<faultcode>sf:INVALID_SESSION_ID</faultcode>');
  expect(fault.body).toContain(
    '<faultstring>INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: ',
  );
  expect(fault.body).not.toContain(token);

  for (const path of [userinfo, `/id/${org.org.id18}/005000000000001AAA`]) {
    const identity = await send(org, path, { headers: { authorization } });
    expect([identity.status, identity.body]).toEqual([403, 'Bad_OAuth_Token']);
  }

  const cometd = await send(org, '/cometd/67.0', {
    method: 'POST',
    headers: { authorization },
    body: '[{"channel":"/meta/connect","id":"1"},{"channel":"/meta/handshake","id":"2"}]',
  });
  expect(cometd.status).toBe(200);
  expect(cometd.json()).toMatchObject([
    { error: '401::Authentication invalid', advice: { reconnect: 'none' }, successful: false },
    {
      error: '403::Handshake denied',
      ext: { sfdc: { failureReason: '401::Authentication invalid' } },
    },
  ]);
  expect(org.control.counts()).toMatchObject({ requests: 0, refused: 8 });
});

test('a missing or malformed Authorization header is not a dead session', async () => {
  const { org, token } = await startOrgWithSession();
  for (const headers of [{}, { authorization: token }, { authorization: 'Basic abc' }]) {
    const answer = await send(org, limits, { headers: headers as Record<string, string> });
    expect([answer.status, answer.json()]).toEqual([
      401,
      [{ message: 'INVALID_HEADER_TYPE', errorCode: 'INVALID_AUTH_HEADER' }],
    ]);
  }
  expect(org.control.counts().refused).toBe(0);
});

test('a session without the api scope is refused in other words', async () => {
  const org = await startOrg();
  org.control.registerApp({ consumerKey: '3MVG9.test.consumer.key', scopes: ['openid'] });
  const { access_token } = (await exchange(org, makeJwt(claimsFor(org)))).json();
  const answer = await send(org, limits, { headers: { authorization: `Bearer ${access_token}` } });
  expect([answer.status, answer.json()[0].message]).toEqual([
    401,
    'This session is not valid for use with the REST API',
  ]);
});

test('executed() lists what was executed, byte for byte, and nothing that was refused', async () => {
  const { org, call } = await startOrgWithSession();
  await call('/services/apexrest/echo/a%2Fb;c?x=%20', { method: 'POST', body: 'hello' });
  await send(org, limits, { headers: { authorization: 'Bearer dead' } });
  expect(org.control.executed()).toEqual([
    {
      method: 'POST',
      path: '/services/apexrest/echo/a%2Fb;c?x=%20',
      username: 'integration@example.com',
      bodySha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      bodyLength: 5,
    },
  ]);
  org.control.resetCounts();
  expect(org.control.executed()).toEqual([]);
});

test('a request whose body broke off is not executed', async () => {
  const { org, token } = await startOrgWithSession();
  const { port } = new URL(org.origin);
  const socket = connect({ port: Number(port), host: 'localhost', ca: org.tls.certPem });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write(
    `POST /services/apexrest/echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\nhalf`,
  );
  await expect.poll(() => org.control.counts().requests).toBe(1);
  socket.destroy();
  await expect.poll(() => org.control.counts().openConnections).toBe(0);
  expect(org.control.executed()).toEqual([]);
});

test('after a move the new origin serves, and the old one answers 420 but still logs in', async () => {
  const { org, token, call } = await startOrgWithSession();
  const instance = await org.control.moveInstance();
  expect(instance).not.toBe(org.origin);
  expect(await call(`${instance}${limits}`)).toMatchObject({ status: 200 });
  const old = await call(limits);
  expect([old.status, old.body]).toEqual([
    420,
    "Salesforce Edge doesn't have routing information available for this request host.",
  ]);
  const login = (await exchange(org, makeJwt(claimsFor(org)))).json();
  expect(login).toMatchObject({ instance_url: instance, access_token: token });
  expect((await send(org, `${instance}/services/oauth2/token`, { method: 'POST' })).status).toBe(
    404,
  );
  expect((await call(userinfo)).status).toBe(200);
});

test('the port left behind can look like a dead session, reset, or be gone', async () => {
  const { org, call } = await startOrgWithSession();
  const second = await org.control.moveInstance({ old: 'dead-session' });
  expect((await call(limits)).json()[0].errorCode).toBe('INVALID_SESSION_ID');
  const third = await org.control.moveInstance({ old: 'refuse' });
  await expect(call(`${second}${limits}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect((await call(`${third}${limits}`)).status).toBe(200);
});

test('instance_url can be any text', async () => {
  const org = await startOrg();
  org.control.instanceUrl('https://evil.example.com/');
  const login = async () => (await exchange(org, makeJwt(claimsFor(org)))).json();
  expect(await login()).toMatchObject({ instance_url: 'https://evil.example.com/' });
  org.control.instanceUrl(null);
  expect(await login()).toMatchObject({ instance_url: org.origin });
});
