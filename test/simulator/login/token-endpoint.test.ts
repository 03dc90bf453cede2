import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AppRegistration } from '../../../src/simulator/login/directory.ts';
import type { SimulatedOrgOptions } from '../../../src/simulator/simulated-org.ts';
import {
  claimsFor,
  consumerKey,
  exchange,
  jwtBearer,
  makeJwt,
  send,
  startOrg,
  username,
} from '../org-fixture.ts';

test('a login answers five fields in the documented order, and no expires_in', async () => {
  const org = await startOrg();
  const answer = await exchange(org, makeJwt(claimsFor(org)));
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const body = answer.json();
  expect(Object.keys(body)).toEqual(['access_token', 'scope', 'instance_url', 'id', 'token_type']);
  expect(body.access_token).toMatch(/^00D\w{12}!AQ[\w.]{90,}$/);
  expect(body.instance_url).toBe(org.origin);
  expect(body.id).toContain(`/id/${org.org.id18}/005`);
});

interface RefusedLogin {
  readonly cause: string;
  readonly error: string;
  readonly description: string;
  readonly claims?: Record<string, unknown>;
  readonly app?: Partial<AppRegistration>;
  readonly options?: SimulatedOrgOptions;
}

const refusedLogins: RefusedLogin[] = [
  {
    cause: 'an unknown consumer key',
    claims: { iss: 'other' },
    error: 'invalid_client_id',
    description: 'client identifier invalid',
  },
  {
    cause: 'an audience that does not fit',
    claims: { aud: 'https://example.com' },
    error: 'invalid_grant',
    description: 'audience is invalid',
  },
  {
    cause: 'an audience that the app does not accept',
    app: { audiences: ['https://site.force.com/customers'] },
    error: 'invalid_grant',
    description: 'audience is invalid',
  },
  {
    cause: 'an assertion that is expired',
    claims: { exp: Math.floor(Date.now() / 1000) - 1 },
    error: 'invalid_grant',
    description: 'expired authorization code',
  },
  {
    cause: 'an assertion without exp',
    claims: { exp: undefined },
    error: 'invalid_grant',
    description: 'invalid assertion',
  },
  {
    cause: 'exp in milliseconds where the bound is enforced',
    claims: { exp: Date.now() + 60_000 },
    options: { strictExp: true },
    error: 'invalid_grant',
    description: 'invalid assertion',
  },
  {
    cause: 'an unknown user',
    claims: { sub: 'nobody@example.com' },
    error: 'invalid_grant',
    description: 'invalid user',
  },
  {
    cause: 'an inactive user',
    claims: { sub: 'inactive@example.com' },
    error: 'invalid_grant',
    description: 'inactive user',
  },
  {
    cause: 'a user whom the administrator did not assign',
    app: { approvedUsers: ['reports@example.com'] },
    error: 'invalid_app_access',
    description: 'user is not admin approved to access this app',
  },
  {
    cause: 'a user who did not approve a self-authorized app',
    app: { adminApproved: false, approvedUsers: [] },
    error: 'invalid_grant',
    description: "user hasn't approved this consumer",
  },
  {
    cause: 'an app that is not installed',
    app: { installed: false },
    error: 'app_not_found',
    description: 'External client app is not installed in this org',
  },
];

test.each(refusedLogins)('$cause is refused as "$description"', async (login) => {
  const org = await startOrg(login.options);
  org.control.registerApp({ consumerKey, ...login.app });
  const answer = await exchange(org, makeJwt(claimsFor(org, login.claims)));
  expect(answer.status).toBe(400);
  expect(answer.json()).toEqual({ error: login.error, error_description: login.description });
  expect(org.control.counts()).toMatchObject({ tokenRequests: 1, exchanges: 0 });
});

test('only an RS256 signature by the registered key is an assertion', async () => {
  const org = await startOrg();
  const claims = claimsFor(org);
  const { privateKey: otherKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const good = makeJwt(claims);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const forgeries = [
    makeJwt(claims, { key: otherKey }),
    makeJwt(claims, { alg: 'RS512' }),
    `${unsigned}.${payload}.`,
    `${unsigned}.${payload}.${signature}`,
    `${header}.${Buffer.from('[]').toString('base64url')}.${signature}`,
    `${good}.x`,
    'not a jwt',
    '',
  ];
  for (const forgery of forgeries) {
    const answer = await exchange(org, forgery);
    expect([answer.status, answer.json().error_description]).toEqual([400, 'invalid assertion']);
  }
  expect((await exchange(org, good)).status).toBe(200);
});

test('audience and exp are accepted in the forms that clients really send', async () => {
  const org = await startOrg();
  const accepted: Record<string, unknown>[] = [
    { aud: `${org.origin}/` },
    { aud: 'https://login.salesforce.com' },
    { aud: 'https://test.salesforce.com/' },
    { aud: 'test.salesforce.com' },
    { exp: String(Math.floor(Date.now() / 1000) + 100) },
    { exp: Date.now() + 300_000 },
    { sub: username.toUpperCase() },
  ];
  for (const claims of accepted) {
    const answer = await exchange(org, makeJwt(claimsFor(org, claims)));
    expect([claims, answer.status]).toEqual([claims, 200]);
  }
});

test('the parameters may come in the query, and the grant type must be JWT bearer', async () => {
  const org = await startOrg();
  const query = new URLSearchParams({
    grant_type: jwtBearer,
    assertion: makeJwt(claimsFor(org)),
  });
  const path = `/services/oauth2/token?${query}`;
  expect((await send(org, path, { method: 'POST' })).status).toBe(200);
  const other = await send(org, '/services/oauth2/token', {
    method: 'POST',
    body: 'grant_type=password',
  });
  expect([other.status, other.json()]).toEqual([
    400,
    { error: 'unsupported_grant_type', error_description: 'grant type not supported' },
  ]);
});

test('beyond the rate limit of an hour a user is refused, other users are not', async () => {
  let nowMs = Date.now();
  const org = await startOrg({ now: () => nowMs });
  org.control.loginRateLimit(2);
  const description = async (sub: string) => {
    const exp = Math.floor(nowMs / 1000) + 120;
    return (await exchange(org, makeJwt(claimsFor(org, { sub, exp })))).json().error_description;
  };
  expect(await description(username)).toBeUndefined();
  expect(await description(username)).toBeUndefined();
  expect(await description(username)).toBe('login rate exceeded');
  expect(await description('reports@example.com')).toBeUndefined();
  nowMs += 3_600_000;
  expect(await description(username)).toBeUndefined();
});

test('faults last for the given number of requests', async () => {
  const org = await startOrg();
  const answer = () => exchange(org, makeJwt(claimsFor(org)));

  org.control.tokenEndpoint({ mode: 'status', status: 503, error: 'server_error', times: 1 });
  expect(await answer()).toMatchObject({ status: 503, reason: 'Service Unavailable' });
  expect((await answer()).status).toBe(200);

  org.control.tokenEndpoint({ mode: 'html', times: 1 });
  const html = await answer();
  expect(html.headers['content-type']).toContain('text/html');
  expect(html.body).toContain('Data Not Available');

  org.control.tokenEndpoint({ mode: 'empty', times: 1 });
  expect(await answer()).toMatchObject({ status: 200, body: '' });

  org.control.tokenEndpoint({ mode: 'garbled', times: 1 });
  const garbled = await answer();
  expect(garbled.json).toThrow();

  org.control.tokenEndpoint({ mode: 'status', body: '{"access_token":7}', times: 1 });
  expect(await answer()).toMatchObject({ status: 200, body: '{"access_token":7}' });

  org.control.tokenEndpoint({ mode: 'reset', times: 1 });
  await expect(answer()).rejects.toThrow();
  expect((await answer()).status).toBe(200);
  expect(org.control.counts()).toMatchObject({ tokenRequests: 8, exchanges: 2 });
});

test('a hanging token endpoint does not keep the org from closing', async () => {
  const org = await startOrg();
  org.control.tokenEndpoint({ mode: 'hang' });
  const hanging = exchange(org, makeJwt(claimsFor(org)));
  const outcome = expect(hanging).rejects.toThrow();
  await expect.poll(() => org.control.counts().tokenRequests).toBe(1);
  await org.close();
  await outcome;
});
