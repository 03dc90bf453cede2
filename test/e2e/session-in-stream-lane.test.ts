// A body that is piped cannot be sent again. So its session is proven fresh first; should it die all the same, the client is
// told by a mark, and its next try works.
import { expect, test } from 'vitest';
import { sessionProbePath } from '../../src/salesforce/session-carrier.ts';
import { connectRaw, requestBytes } from '../support/raw-http.ts';
import {
  answering,
  type OnRequest,
  ok,
  startRawPair,
  startRawUpstream,
} from '../support/raw-upstream.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy } from '../support/start-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const path = '/services/data/v67.0/jobs/ingest/750/batches';
const get = requestBytes(`GET ${path}`).toString();
const body = Buffer.alloc(2_000_000, 'row\n');
const upload = requestBytes(`PUT ${path}`, [`Content-Length: ${body.length}`], body);
const dead = '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]';

/** Refuses the sessions in `tokens`, and accepts every other. */
function refusing(tokens: ReadonlySet<string>): OnRequest {
  return (request, connection) => {
    const isDead = tokens.has(request.header('authorization') ?? '');
    const answer = isDead
      ? `HTTP/1.1 401 Unauthorized\r\nContent-Length: ${dead.length}\r\n\r\n${dead}`
      : ok('accepted');
    answering(answer)(request, connection);
  };
}

async function startWithSessions(now = Date.now) {
  const tokens = new Set<string>();
  const pair = await startRawPair({
    onRequest: refusing(tokens),
    scriptsProbe: true,
    proxy: { now },
  });
  const client = await connectRaw(pair.proxy);
  const all = () => pair.upstream.connections.flatMap(({ requests }) => requests);
  return {
    ...pair,
    client,
    targets: () => all().map(({ method, target }) => `${method} ${target}`),
    /** What is told once the session that upstream has seen last is dead, and the org knows it. */
    endSession: () => {
      for (const request of all()) tokens.add(request.header('authorization') ?? '');
      pair.org.control.endSessions();
    },
  };
}

test('an upload with a session that was never used is preceded by a cheap authenticated call', async () => {
  const { client, targets } = await startWithSessions();
  await client.send(upload);
  expect((await client.answer()).status).toBe(200);
  expect(targets()).toEqual([`GET ${sessionProbePath}`, `PUT ${path}`]);
});

test('an upload within a minute of an accepted request is not', async () => {
  const { client, targets } = await startWithSessions();
  await client.send(get);
  await client.answer();
  await client.send(upload);
  expect((await client.answer()).status).toBe(200);
  expect(targets()).toEqual([`GET ${path}`, `PUT ${path}`]);
});

test('a session that died more than a minute after its last success costs the upload nothing', async () => {
  let nowMs = Date.now();
  const { client, org, targets, endSession } = await startWithSessions(() => nowMs);
  await client.send(get);
  await client.answer();
  endSession();
  nowMs += 61_000;
  await client.send(upload);
  const answer = await client.answer();
  expect(answer.status).toBe(200);
  expect(answer.header('x-proxy-error')).toBeUndefined();
  expect(targets().slice(1)).toEqual([
    `GET ${sessionProbePath}`,
    `GET ${sessionProbePath}`,
    `PUT ${path}`,
  ]);
  expect(org.control.counts().exchanges).toBe(2);
});

test('a session that died all the same: the answer of Salesforce, marked, and the next try works', async () => {
  const { client, org, targets, endSession } = await startWithSessions();
  await client.send(get);
  await client.answer();
  endSession();
  await client.send(upload);
  const answer = await client.answer();
  expect(answer.status).toBe(401);
  expect(answer.header('x-proxy-error')).toBe('session_expired_in_stream');
  expect(answer.body.toString()).toBe(dead);
  await client.send(upload);
  const next = await client.answer();
  expect(next.status).toBe(200);
  expect(next.header('x-proxy-error')).toBeUndefined();
  expect(org.control.counts().exchanges).toBe(2);
  expect(targets().filter((one) => one === `PUT ${path}`)).toHaveLength(2);
});

test.each([
  ['an upload', upload],
  ['a small request', requestBytes(`POST ${path}`, ['Content-Length: 2'], '{}')],
])('%s follows an org that has moved', async (_what, request) => {
  const org = await startOrg();
  const [before, after] = [await startRawUpstream(), await startRawUpstream()];
  org.control.instanceUrl(before.url);
  const proxy = await startProxy(org, { org: { instance_hosts: [before.host, after.host] } });
  const client = await connectRaw(proxy);
  await client.send(get);
  await client.answer();
  await before.close();
  org.control.instanceUrl(after.url);
  await client.send(request);
  expect((await client.answer()).status).toBe(200);
  expect(after.requests()[0]?.header('host')).toBe(after.host);
  expect(after.requests()[0]?.bodyLength).toBe(request.length - request.indexOf('\r\n\r\n') - 4);
});

test('an upload that finds no route gets that answer, and the next try goes to where the org has moved', async () => {
  const org = await startOrg();
  const [before, after] = [await startRawUpstream(), await startRawUpstream()];
  org.control.instanceUrl(before.url);
  const proxy = await startProxy(org, { org: { instance_hosts: [before.host, after.host] } });
  const client = await connectRaw(proxy);
  before.onRequest(answering('HTTP/1.1 420 No Route\r\nContent-Length: 0\r\n\r\n'));
  org.control.instanceUrl(after.url);
  await client.send(upload);
  expect((await client.answer()).status).toBe(420);
  await waitFor(() => proxy.eventsOf('instance_moved').length === 1, 'the new instance');
  await client.send(upload);
  expect((await client.answer()).status).toBe(200);
  expect(after.requests()[0]?.bodyLength).toBe(body.length);
});

test('an error for an upload has the form that its client asked for', async () => {
  const { proxy } = await startRawPair({ onRequest: (_request, connection) => connection.reset() });
  const client = await connectRaw(proxy);
  await client.send(
    requestBytes(
      `PUT ${path}`,
      ['Accept: application/xml', `Content-Length: ${body.length}`],
      body,
    ),
  );
  const answer = await client.answer();
  expect(answer.header('x-proxy-error')).toBe('upstream_broken');
  expect(answer.body.toString()).toMatch(/^<\?xml/);
});

test('a session that an upload found dead, and that was renewed and used since, may die again at once', async () => {
  const { client, org, endSession } = await startWithSessions();
  await client.send(get);
  await client.answer();
  endSession();
  await client.send(upload);
  expect((await client.answer()).status).toBe(401);
  await client.send(get);
  expect((await client.answer()).status).toBe(200);
  endSession();
  await client.send(get);
  expect((await client.answer()).status).toBe(200);
  expect(org.control.counts().exchanges).toBe(3);
});

test('a CometD session that died is renewed for the next try, and its error is passed on', async () => {
  const org = await startOrg();
  const said =
    '[{"channel":"/meta/connect","error":"401::Authentication invalid","successful":false}]';
  const dead = answering(`HTTP/1.1 200 OK\r\nContent-Length: ${said.length}\r\n\r\n${said}`);
  const upstream = await startRawUpstream({ onRequest: dead });
  org.control.instanceUrl(upstream.url);
  const proxy = await startProxy(org, {
    org: { policy: 'legacy', instance_hosts: [upstream.host] },
  });
  const client = await connectRaw(proxy);
  org.control.endSessions();
  await client.send(requestBytes('POST /cometd/67.0', ['Content-Length: 2'], '[]'));
  const answer = await client.answer();
  expect(answer.body.toString()).toBe(said);
  expect(answer.header('x-proxy-error')).toBe('session_expired_in_stream');
  await waitFor(() => org.control.counts().exchanges === 2, 'the renewal');
});
