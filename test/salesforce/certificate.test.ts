import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../../src/errors.ts';
import {
  assertCertificateFits,
  certificateStanding,
  loadCertificate,
} from '../../src/salesforce/certificate.ts';
import {
  isOpensslMissing,
  makeTestKey,
  openssl,
  temporaryDirectory,
} from '../support/test-keys.ts';

const dayMs = 86_400_000;

function written(content: string | Buffer): string {
  const file = join(temporaryDirectory(), 'server.crt');
  writeFileSync(file, content);
  return file;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ code: 'config_invalid', exitCode: 2 });
    return (error as ProxyError).message;
  }
  throw new Error('it was accepted');
}

describe.skipIf(isOpensslMissing())('a certificate', () => {
  test('fits the key that it was made with, and says until when it is valid', () => {
    const { certificatePem, privateKeyPem } = makeTestKey();
    const certificate = loadCertificate(written(certificatePem));
    expect(() => assertCertificateFits(certificate, createPrivateKey(privateKeyPem))).not.toThrow();
    expect(certificateStanding(certificate.validToMs, Date.now())).toEqual({
      standing: 'valid',
      daysLeft: 364,
    });
  });

  test('of a hundred years, as one walk-through makes it, is understood', () => {
    const dir = temporaryDirectory();
    const command =
      'req -x509 -sha256 -nodes -days 36500 -newkey rsa:2048 -keyout salesforce.key -out salesforce.crt -subj /CN=sf';
    openssl(dir, command);
    const certificate = loadCertificate(join(dir, 'salesforce.crt'));
    const { daysLeft } = certificateStanding(certificate.validToMs, Date.now());
    expect(daysLeft).toBe(36_499);
    const key = createPrivateKey(readFileSync(join(dir, 'salesforce.key')));
    expect(() => assertCertificateFits(certificate, key)).not.toThrow();
  });

  test('may be DER, base64 of PEM, or have text or the key before it', () => {
    const { certificatePem, privateKeyPem } = makeTestKey();
    const pemFile = written(certificatePem);
    const dir = join(pemFile, '..');
    openssl(dir, 'x509 -in server.crt -outform DER -out server.der');
    const forms = [
      readFileSync(join(dir, 'server.der')),
      Buffer.from(certificatePem).toString('base64'),
      `subject=CN = sf\n${privateKeyPem}${certificatePem}`,
    ];
    const { validToMs } = loadCertificate(pemFile);
    for (const form of forms) expect(loadCertificate(written(form)).validToMs).toBe(validToMs);
  });

  test('of another key is refused, with the command that makes a fitting one', () => {
    const file = written(makeTestKey('other').certificatePem);
    const key = createPrivateKey(makeTestKey().privateKeyPem);
    const message = refusal(() => assertCertificateFits(loadCertificate(file), key));
    expect(message).toContain(`certificate file ${file}: not the certificate of the private key`);
    expect(message).toContain('openssl req -new -x509 -sha256 -days 730 -key server.key');
  });

  test('is not a private key, and the refusal shows none of it', () => {
    const { privateKeyPem } = makeTestKey();
    const message = refusal(() => loadCertificate(written(privateKeyPem)));
    expect(message).toContain('holds "PRIVATE KEY", expected a certificate');
    expect(message).not.toContain(privateKeyPem.split('\n')[1]);
  });

  test('that is damaged is refused', () => {
    const damaged = makeTestKey().certificatePem.replace(/\n.{64}\n/, '\n');
    expect(refusal(() => loadCertificate(written(damaged)))).toContain('damaged');
  });
});

test.each([
  ['empty', ''],
  ['holds something else, expected a certificate', 'garbage'],
])('a file that is no certificate: %s', (problem, content) => {
  expect(refusal(() => loadCertificate(written(content)))).toContain(problem);
});

test('a missing certificate file is refused by name', () => {
  expect(refusal(() => loadCertificate('/no/such.crt'))).toContain(
    'certificate file /no/such.crt: there is no such file',
  );
});

test.each([
  [31 * dayMs, 'valid', 31],
  [30 * dayMs + 1, 'valid', 30],
  [30 * dayMs, 'expires_soon', 30],
  [dayMs - 1, 'expires_soon', 0],
  [0, 'expires_soon', 0],
  [-1, 'expired', 0],
  [-dayMs, 'expired', -1],
])('with %i ms left a certificate is %s, %i days', (leftMs, standing, daysLeft) => {
  const nowMs = Date.UTC(2027, 5, 1);
  expect(certificateStanding(nowMs + leftMs, nowMs)).toEqual({ standing, daysLeft });
});
