import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import {
  apiOf,
  carrierHeaders,
  needsSession,
  sessionHeader,
  sessionProbePath,
  withoutQueryToken,
  withoutSessionCookie,
} from '../../src/salesforce/session-carrier.ts';

test.each([
  ['/services/data/v67.0/limits', 'rest'],
  ['/services/apexrest/x', 'rest'],
  ['/services/data/v67.0/jobs/ingest', 'rest'],
  ['/services/async/67.0/job', 'bulk1'],
  ['/services/Soap/u/64.0', 'soap'],
  ['//services/Soap/u/64.0/', 'soap'],
  ['/cometd/67.0', 'cometd'],
  ['/cometd', 'cometd'],
  ['/cometdx', 'rest'],
  ['/id/00D/005', 'identity'],
  ['/services/oauth2/userinfo', 'identity'],
])('%s is %s', (path, api) => {
  expect(apiOf(path)).toBe(api);
});

test('each API gets its session in the carrier that it reads', () => {
  const token = new Secret('T');
  expect(sessionHeader('rest', token)).toEqual(['Authorization', 'Bearer T']);
  expect(sessionHeader('identity', token)).toEqual(['Authorization', 'Bearer T']);
  expect(sessionHeader('cometd', token)).toEqual(['Authorization', 'Bearer T']);
  expect(sessionHeader('bulk1', token)).toEqual(['X-SFDC-Session', 'T']);
  expect(sessionHeader('soap', token)).toBeUndefined();
});

test('every carrier of a client is dropped', () => {
  for (const name of ['authorization', 'x-sfdc-session', 'x-api-key', 'cookie']) {
    expect(carrierHeaders.has(name)).toBe(true);
  }
});

describe('the token in a query', () => {
  test.each([
    ['/id/1/2?format=json&oauth_token=SECRET', '/id/1/2?format=json'],
    ['/id/1/2?oauth_token=SECRET', '/id/1/2'],
    ['/id/1/2?oauth_token=A&x=1&OAUTH_TOKEN=B', '/id/1/2?x=1'],
    ['/id/1/2?oauth%5Ftoken=SECRET&y', '/id/1/2?y'],
    ['/id/1/2?%6fauth_token=SECRET', '/id/1/2'],
    ['/id/1/2?oauth_token', '/id/1/2'],
    ['/query?q=SELECT+Id+FROM+A+WHERE+N=%27oauth_token%27', undefined],
    ['/query?q=a%2Fb&&x=%zz&', undefined],
    ['/query?my_oauth_token=1', undefined],
    ['/x?', undefined],
    ['/x', undefined],
  ])('%s', (target, expected) => {
    expect(withoutQueryToken(target)).toBe(expected ?? target);
  });
});

test('CometD keeps its cookies, without a session', () => {
  expect(withoutSessionCookie('BAYEUX_BROWSER=a; sid=SECRET; oinfo=x; b=c')).toBe(
    'BAYEUX_BROWSER=a; b=c',
  );
  expect(withoutSessionCookie('SID=SECRET')).toBeUndefined();
  expect(withoutSessionCookie('outside=1')).toBe('outside=1');
});

test('only the list of versions proves nothing about a session', () => {
  expect(needsSession('/services/data')).toBe(false);
  expect(needsSession('/services/data/')).toBe(false);
  expect(needsSession('//services/data/?x=1')).toBe(false);
  expect(needsSession('/services/data/v67.0/')).toBe(true);
  expect(needsSession(sessionProbePath)).toBe(true);
});
