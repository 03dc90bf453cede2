import { expect, test } from 'vitest';
import { claimsFor, exchange, logIn, makeJwt, publicKeyPem, startOrg } from './org-fixture.ts';

async function startWithControl() {
  const org = await startOrg();
  const control = async (name: string, init: RequestInit = { method: 'POST' }) => {
    const answer = await fetch(`${org.controlOrigin}/${name}`, init);
    return { status: answer.status, text: await answer.text() };
  };
  const invoke = async (name: string, argument?: unknown) => {
    const body = argument === undefined ? null : JSON.stringify(argument);
    return JSON.parse((await control(name, { method: 'POST', body })).text);
  };
  return { org, control, invoke };
}

test('the methods can be called over HTTP, with one argument, a list of them or none', async () => {
  const { org, invoke } = await startWithControl();
  await invoke('registerApp', { consumerKey: 'second', publicKeyPem });
  await invoke('registerUser', { username: 'new@example.com' });
  const claims = claimsFor(org, { iss: 'second', sub: 'new@example.com' });
  expect((await exchange(org, makeJwt(claims))).status).toBe(200);
  await logIn(org);
  expect(await invoke('counts')).toMatchObject({ exchanges: 2, tokenRequests: 2 });
  expect(await invoke('endSessions', { username: 'new@example.com' })).toBe(1);
  expect(await invoke('endSessions')).toBe(1);
  expect(await invoke('mintDeadTokens', [true])).toBeNull();
  expect(await invoke('executed')).toEqual([]);
  expect(await invoke('moveInstance', { old: 'refuse' })).toMatch(/^https:\/\/localhost:\d+$/);
});

test('GET / lists the methods, and mistakes are told', async () => {
  const { control } = await startWithControl();
  const help = await control('', {});
  expect(help.status).toBe(200);
  expect(help.text).toContain('/endSessions');
  expect((await control('nothing')).status).toBe(404);
  expect((await control('constructor')).status).toBe(404);
  expect((await control('counts', {})).status).toBe(405);
  expect((await control('endSessions', { method: 'POST', body: '{' })).status).toBe(400);
  const keyless = { method: 'POST', body: '{"consumerKey":"x"}' };
  expect(await control('registerApp', keyless)).toMatchObject({
    status: 400,
    text: expect.stringContaining('certificatePem'),
  });
  const origin = { origin: 'https://example.com' };
  expect((await control('counts', { method: 'POST', headers: origin })).status).toBe(403);
});
