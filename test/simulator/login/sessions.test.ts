import { expect, test } from 'vitest';
import { logIn, send, startOrg } from '../org-fixture.ts';

const limits = '/services/data/v67.0/limits';

async function startWithStatus(options = {}) {
  const org = await startOrg(options);
  const statusOf = async (token: string) =>
    (await send(org, limits, { headers: { authorization: `OAuth ${token}` } })).status;
  return { org, statusOf };
}

test('a repeated login returns the same token until the session is ended', async () => {
  const { org, statusOf } = await startWithStatus();
  const first = await logIn(org);
  expect(await logIn(org)).toBe(first);
  expect(await logIn(org, 'reports@example.com')).not.toBe(first);
  expect(org.control.endSessions({ username: 'integration@example.com' })).toBe(1);
  expect(await statusOf(first)).toBe(401);
  const second = await logIn(org);
  expect(second).not.toBe(first);
  expect(await statusOf(second)).toBe(200);
  expect(org.control.endSessions()).toBe(2);
});

test('a session dies of idleness, and every use starts its time anew', async () => {
  let nowMs = Date.now();
  const { org, statusOf } = await startWithStatus({
    now: () => nowMs,
    sessionIdleTimeoutMs: 60_000,
  });
  const token = await logIn(org);
  nowMs += 50_000;
  expect(await statusOf(token)).toBe(200);
  nowMs += 50_000;
  expect(await statusOf(token)).toBe(200);
  nowMs += 60_000;
  expect(await statusOf(token)).toBe(401);
});

test('the token endpoint can go on returning a dead token', async () => {
  const { org, statusOf } = await startWithStatus();
  const token = await logIn(org);
  org.control.keepReturningSameTokenAfterEnd(true);
  org.control.endSessions();
  expect(await logIn(org)).toBe(token);
  expect(await statusOf(token)).toBe(401);
  org.control.keepReturningSameTokenAfterEnd(false);
  expect(await logIn(org)).not.toBe(token);
});

test('tokens can be dead on arrival, each a new one', async () => {
  const { org, statusOf } = await startWithStatus();
  org.control.mintDeadTokens(true);
  const [first, second] = [await logIn(org), await logIn(org)];
  expect(first).not.toBe(second);
  expect([await statusOf(first), await statusOf(second)]).toEqual([401, 401]);
  org.control.mintDeadTokens(false);
  expect(await statusOf(await logIn(org))).toBe(200);
});

test('revoke ends a session, and answers a form where there is none', async () => {
  const { org, statusOf } = await startWithStatus();
  const token = await logIn(org);
  const revoke = () =>
    send(org, '/services/oauth2/revoke', {
      method: 'POST',
      body: new URLSearchParams({ token }).toString(),
    });
  expect((await revoke()).status).toBe(200);
  expect(await statusOf(token)).toBe(401);
  const again = await revoke();
  expect([again.status, new URLSearchParams(again.body).get('error')]).toEqual([
    400,
    'invalid_token',
  ]);
});
