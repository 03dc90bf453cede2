import { createPrivateKey, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { signAssertion } from '../../src/salesforce/jwt-assertion.ts';
import { makeTestKey } from '../support/test-keys.ts';

test('holds the claims that Salesforce reads, for three minutes, signed by the key', async () => {
  const { privateKeyPem, certificatePem } = makeTestKey();
  const claims = {
    clientId: 'key',
    username: 'me@example.com',
    audience: 'https://test.salesforce.com',
  };
  const assertion = await signAssertion(claims, createPrivateKey(privateKeyPem), 1_700_000_000_999);
  const [header = '', payload = '', signature = ''] = assertion.reveal().split('.');
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(parse(header)).toEqual({ alg: 'RS256', typ: 'JWT' });
  expect(parse(payload)).toEqual({
    iss: 'key',
    sub: 'me@example.com',
    aud: 'https://test.salesforce.com',
    exp: 1_700_000_180,
  });
  const { publicKey } = new X509Certificate(certificatePem);
  const signed = Buffer.from(`${header}.${payload}`);
  expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(createPublicKey(createPrivateKey(privateKeyPem)).equals(publicKey)).toBe(true);
  expect(String(assertion)).not.toContain(payload);
});
