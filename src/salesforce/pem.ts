// Finds PEM blocks (RFC 7468) in key material as people have it: in a file or a variable, with literal `\n`, with
// its line breaks lost, as base64 of the whole, between quotes, or behind OpenSSL's `Bag Attributes`.
import { readFileSync, statSync } from 'node:fs';
import { ProxyError } from '../errors.ts';

export interface PemBlock {
  /** `RSA PRIVATE KEY`, `CERTIFICATE` and so on. */
  readonly label: string;
  readonly isEncrypted: boolean;
  /** The block in its strict form. */
  readonly pem: string;
}

const maxFileBytes = 256 * 1024;

/** One character a byte, so that a binary file can be told from text. `what` names it in messages. */
export function readPemFile(file: string, what: string, fix: string): string {
  const refuse = (problem: string, cause?: unknown) =>
    new ProxyError(
      'config_invalid',
      `${what} ${file}: ${problem}. ${fix}`,
      cause === undefined ? {} : { cause },
    );
  let text: string;
  try {
    if (statSync(file).size > maxFileBytes) throw refuse('too large to be one');
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw error instanceof ProxyError ? error : refuse(unreadable(error), error);
  }
  if (text.trim() === '') throw refuse('empty');
  return text;
}

export function findPemBlocks(text: string): PemBlock[] {
  const unescaped = unwrapBase64(text).replaceAll(/\\r\\n|\\n|\\r/g, '\n');
  const blocks = unescaped.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----/gs);
  return Array.from(blocks, ([, label = '', body = '']) => strictBlock(label, body));
}

/** Is this ASN.1 without PEM around it (a SEQUENCE, by its first bytes), as it is or in base64? */
export function isDer(text: string): boolean {
  return /^0[\x80-\x84]/.test(unwrapBase64(text));
}

function unwrapBase64(text: string): string {
  // PEM itself would pass for base64url, whose alphabet has the dash.
  if (text.includes('-----')) return text;
  const compact = text.replaceAll(/\\r|\\n|["'\s]/g, '');
  const isBase64 = /^[A-Za-z0-9+/_-]{16,}=*$/.test(compact);
  return isBase64 ? Buffer.from(compact, 'base64').toString('latin1') : text;
}

/** OpenSSL reads lines of 64 characters, and the headers of RFC 1421 on lines of their own. */
function strictBlock(label: string, body: string): PemBlock {
  const [, cipher, rest] = /Proc-Type:\s*4,ENCRYPTED\s+DEK-Info:\s*(\S+)\s+(.*)/s.exec(body) ?? [];
  const headers = cipher === undefined ? [] : ['Proc-Type: 4,ENCRYPTED', `DEK-Info: ${cipher}`, ''];
  const lines = (rest ?? body).replaceAll(/\s/g, '').match(/.{1,64}/g) ?? [];
  const pem = [`-----BEGIN ${label}-----`, ...headers, ...lines, `-----END ${label}-----`, ''];
  return {
    label,
    isEncrypted: cipher !== undefined || label.startsWith('ENCRYPTED'),
    pem: pem.join('\n'),
  };
}

function unreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'a directory, expected a file';
  if (code === 'EACCES' || code === 'EPERM') return 'not readable: permission denied';
  return `not readable ${code === '' ? '' : `(${code})`}`.trim();
}
