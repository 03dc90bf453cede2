import { expect, test } from 'vitest';
import { createLoginAction } from '../../src/admin/login-action.ts';
import type { OrgStatus } from '../../src/org.ts';

const org = { name: 'dev', users: [] } as unknown as OrgStatus;

test('whoever holds the button down logs in once in ten seconds, each org for itself', async () => {
  let nowMs = 0;
  const made: string[] = [];
  const logIn = createLoginAction({
    orgs: () => [org, { ...org, name: 'prod' }],
    logInAgain: async (name) => void made.push(name),
    now: () => nowMs,
  });
  await logIn('dev');
  await expect(logIn('dev')).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 10 });
  await logIn('prod');
  nowMs = 10_000;
  expect(await logIn('dev')).toBe(org);
  expect(made).toEqual(['dev', 'prod', 'dev']);
});

test('an org that is not there is no reason to log in', async () => {
  const logIn = createLoginAction({
    orgs: () => [org],
    logInAgain: () => Promise.reject(new Error('not to be called')),
    now: Date.now,
  });
  await expect(logIn('__proto__')).rejects.toMatchObject({ code: 'org_unknown' });
});
