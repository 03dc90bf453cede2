// The certificate that was uploaded to Salesforce for the private key: does it belong to the key, and until when
// does Salesforce accept it? Its expiry stops every login at once, so it is told 30 days ahead.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { ProxyError } from '../errors.ts';
import { findPemBlocks, isDer, readPemFile } from './pem.ts';

export interface Certificate {
  readonly file: string;
  readonly validToMs: number;
  readonly x509: X509Certificate;
}

export interface CertificateStanding {
  readonly standing: 'valid' | 'expires_soon' | 'expired';
  /** Whole days until it expires; negative: since it expired. */
  readonly daysLeft: number;
}

const dayMs = 86_400_000;
const warnDays = 30;

const makeCertificate =
  'Make one: openssl req -new -x509 -sha256 -days 730 -key server.key -out server.crt ' +
  'and upload it to the External Client App';

/** PEM or DER. Of a chain, the first is taken. */
export function loadCertificate(file: string): Certificate {
  const text = readPemFile(file, 'certificate file', makeCertificate);
  const blocks = findPemBlocks(text);
  const block = blocks.find(({ label }) => label === 'CERTIFICATE');
  if (block === undefined && !isDer(text)) {
    const found = blocks[0] === undefined ? 'something else' : `"${blocks[0].label}"`;
    throw refuse(file, `holds ${found}, expected a certificate`);
  }
  try {
    const x509 = new X509Certificate(block?.pem ?? Buffer.from(text, 'latin1'));
    return { file, validToMs: Date.parse(x509.validTo), x509 };
  } catch (cause) {
    throw refuse(file, 'damaged: it holds no certificate', cause);
  }
}

/** Throws when Salesforce, holding this certificate, would refuse what the key signs. */
export function assertCertificateFits({ file, x509 }: Certificate, key: KeyObject): void {
  if (!x509.checkPrivateKey(key))
    throw refuse(file, 'not the certificate of the private key of this org');
}

export function certificateStanding(validToMs: number, nowMs: number): CertificateStanding {
  const leftMs = validToMs - nowMs;
  const daysLeft = Math.trunc(leftMs / dayMs);
  if (leftMs < 0) return { standing: 'expired', daysLeft: daysLeft === 0 ? 0 : daysLeft };
  return { standing: leftMs <= warnDays * dayMs ? 'expires_soon' : 'valid', daysLeft };
}

function refuse(file: string, problem: string, cause?: unknown): ProxyError {
  const text = `certificate file ${file}: ${problem}. ${makeCertificate}`;
  return new ProxyError('config_invalid', text, cause === undefined ? {} : { cause });
}
