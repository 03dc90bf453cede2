import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTokenReply } from '../../src/salesforce/token-endpoint.ts';

function read(status: number, body: string) {
  return readTokenReply({ status, body, dateMs: undefined });
}

const good = {
  access_token: '00Dxx!AQ.token',
  scope: 'api',
  instance_url: 'https://x.my.salesforce.com',
  id: 'https://login.salesforce.com/id/00Dxx/005xx',
  token_type: 'Bearer',
};

test('a grant gives the token and the instance', () => {
  const reply = read(200, JSON.stringify(good));
  if (reply.kind !== 'granted') throw new Error(reply.kind);
  expect(reply.accessToken.reveal()).toBe(good.access_token);
  expect(reply.instanceUrl).toBe(good.instance_url);
});

test('only the token and the instance are needed', () => {
  const { access_token, instance_url } = good;
  expect(read(200, JSON.stringify({ access_token, instance_url })).kind).toBe('granted');
});

describe('a 200 that is no grant is worth another try', () => {
  test.each([
    ['empty', ''],
    ['cut off', '{"access_token":"00D'],
    ['a page', '<!DOCTYPE html><html>Data Not Available</html>'],
    ['an array', JSON.stringify([good])],
    ['null', 'null'],
    ['a string', '"token"'],
    ['a number', '7'],
    ['without a token', JSON.stringify({ ...good, access_token: undefined })],
    ['an empty token', JSON.stringify({ ...good, access_token: '' })],
    ['a token that is no text', JSON.stringify({ ...good, access_token: 7 })],
    ['a token with a line break', JSON.stringify({ ...good, access_token: 'a\r\nX-Evil: 1' })],
    ['a token with a space', JSON.stringify({ ...good, access_token: 'a b' })],
    ['a token with a letter above ASCII', JSON.stringify({ ...good, access_token: 'é' })],
    ['without an instance', JSON.stringify({ ...good, instance_url: undefined })],
    ['an instance that is no text', JSON.stringify({ ...good, instance_url: {} })],
    ['an error with the wrong status', '{"error":"invalid_grant"}'],
  ])('%s', (_name, body) => {
    expect(read(200, body).kind).toBe('unusable');
  });
});

describe('statuses', () => {
  const refusal = '{"error":"invalid_grant","error_description":"audience is invalid"}';
  test.each([
    [400, refusal, 'refused'],
    [401, refusal, 'refused'],
    [403, '{}', 'refused'],
    [404, '', 'refused'],
    [400, '<html>Data Not Available</html>', 'unusable'],
    [420, refusal, 'unusable'],
    [429, refusal, 'unusable'],
    [500, refusal, 'unusable'],
    [503, '', 'unusable'],
    // Neither a grant nor a refusal: a login page that somebody put in between, say.
    [204, '', 'unusable'],
    [302, '', 'unusable'],
  ] as const)('%i with %j is %s', (status, body, kind) => {
    expect(read(status, body).kind).toBe(kind);
  });

  test('a refusal keeps what was said', () => {
    expect(read(400, refusal)).toMatchObject({
      error: 'invalid_grant',
      description: 'audience is invalid',
    });
    expect(read(400, '{"error":7}')).toMatchObject({ error: 'HTTP 400', description: '' });
  });
});

test('whatever comes, a reply is read and never throws', () => {
  const bodies = fc.oneof(fc.string(), fc.json(), fc.constant(JSON.stringify(good)));
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 999 }), bodies, (status, body) => {
      const reply = read(status, body);
      if (reply.kind === 'granted') expect(reply.accessToken.reveal()).toMatch(/^[\x21-\x7e]+$/);
    }),
  );
});
