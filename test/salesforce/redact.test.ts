import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeClientKey } from '../../src/middleware/client-key.ts';
import { redactTokens } from '../../src/salesforce/redact.ts';

const alphanumeric = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[A-Za-z0-9]{${min},${max}}$`));
const base64url = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{${min},${max}}$`));

/** Secret parts are long, so that no text around holds them by chance. */
const sessionIds = fc
  .tuple(
    alphanumeric(12, 15),
    fc.constantFrom('!', '%21', '&#33;', '\\u0021'),
    fc.stringMatching(/^AQ[A-Za-z0-9._]{40,80}$/),
  )
  .map(([org, mark, secret]) => ({ text: `00D${org}${mark}${secret}`, secret }));
const jsonWebTokens = fc
  .tuple(base64url(10, 30), base64url(20, 40), base64url(40, 80))
  .map(([header, claims, signature]) => ({
    text: `eyJ${header}.${claims}.${signature}`,
    secret: signature,
  }));

test('no session id and no assertion survives, whatever stands around it', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.oneof(sessionIds, jsonWebTokens),
      fc.stringMatching(/^([^A-Za-z0-9._%-][\s\S]*)?$/),
      (before, { text, secret }, after) => {
        const redacted = redactTokens(before + text + after);
        expect(redacted).not.toContain(secret);
        expect(redacted).not.toContain(text.slice(-20));
        expect(redacted).toContain('[redacted]');
      },
    ),
    { numRuns: 1000 },
  );
});

test('no key of a client survives', () => {
  const key = makeClientKey();
  expect(redactTokens(`/services/data/${key}?x=${key}`)).toBe(
    '/services/data/[redacted]?x=[redacted]',
  );
});

test('a letter in front does not hide a token, and five parts are all of it', () => {
  expect(redactTokens('xeyJhbGciOi.abcdef.SIGNATURE')).toBe('x[redacted]');
  expect(redactTokens('eyJhbGciOi.a.b.c.SECRET')).toBe('[redacted]');
  expect(redactTokens('eyJhbGciOi.a..b.SECRET')).not.toContain('SECRET');
});

test('ordinary text stays, and twice is as once', () => {
  const plain =
    'invalid_grant: audience is invalid (00D5g000001abcd, 005xx) at acme.my.salesforce.com';
  expect(redactTokens(plain)).toBe(plain);
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(redactTokens(redactTokens(text))).toBe(redactTokens(text));
    }),
  );
});
