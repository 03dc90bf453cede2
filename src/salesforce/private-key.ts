// The key that signs the assertions: reads it in every form that the Salesforce walk-throughs leave people with,
// and refuses what cannot sign RS256 (RFC 7518 section 3.3) with the command that makes a good one.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Secret } from '../config/secret.ts';
import { ProxyError } from '../errors.ts';
import { findPemBlocks, isDer, type PemBlock, readPemFile } from './pem.ts';

/** One of `privateKey` and `privateKeyFile` is there. */
export interface PrivateKeySource {
  readonly privateKey?: Secret | undefined;
  readonly privateKeyFile?: string | undefined;
  readonly passphrase?: Secret | undefined;
}

const minModulusBits = 2048;

const makeKey =
  'Make a key: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server.key';

/** Reads the file each time, because mounted secrets rotate. */
export function loadPrivateKey(source: PrivateKeySource): KeyObject {
  const text = readSource(source);
  const block = findPemBlocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw notPrivateKey(source, text);
  const key = decode(source, block);
  assertSignsRs256(source, key);
  return key;
}

/** Changes when the key file is another one or has other content; never fails. */
export function privateKeyFingerprint({ privateKeyFile }: PrivateKeySource): string {
  if (privateKeyFile === undefined) return 'inline';
  try {
    const { ino, size, mtimeNs } = statSync(privateKeyFile, { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  } catch {
    return 'unreadable';
  }
}

function readSource({ privateKey, privateKeyFile }: PrivateKeySource): string {
  if (privateKey !== undefined) return privateKey.reveal();
  if (privateKeyFile === undefined) throw new TypeError('a private key source without a key');
  return readPemFile(privateKeyFile, 'private key file', makeKey);
}

function decode(source: PrivateKeySource, { label, isEncrypted, pem }: PemBlock): KeyObject {
  if (label === 'OPENSSH PRIVATE KEY')
    throw refuse(
      source,
      'a key in the format of OpenSSH',
      convert(source, 'ssh-keygen -p -m PEM -f'),
    );
  const passphrase = source.passphrase?.reveal();
  if (isEncrypted && passphrase === undefined)
    throw refuse(source, 'encrypted, and private_key_passphrase is not set', decrypt(source));
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    throw undecodable(source, isEncrypted, cause);
  }
}

function undecodable(source: PrivateKeySource, isEncrypted: boolean, cause: unknown): ProxyError {
  if (!isEncrypted) return refuse(source, 'damaged: its PEM holds no key', makeKey, cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ERR_OSSL_EVP_UNSUPPORTED') {
    const command = 'openssl pkcs8 -topk8 -provider default -provider legacy -out server.key -in';
    return refuse(source, 'encrypted with a retired cipher', convert(source, command), cause);
  }
  const problem = 'private_key_passphrase is not its passphrase, or the key is damaged';
  return refuse(source, problem, decrypt(source), cause);
}

function assertSignsRs256(source: PrivateKeySource, key: KeyObject): void {
  const type = key.asymmetricKeyType ?? 'unknown';
  if (type !== 'rsa') {
    const name = type === 'rsa-pss' ? 'RSA-PSS' : type.replace(/^ec$/, 'EC');
    throw refuse(source, `of type ${name}; Salesforce takes RS256 only, which needs an RSA key`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minModulusBits)
    throw refuse(source, `an RSA key of ${bits} bits, expected ${minModulusBits} or more`);
}

function notPrivateKey(source: PrivateKeySource, text: string): ProxyError {
  const [block] = findPemBlocks(text);
  if (block !== undefined) {
    const problem = `holds "${block.label}", expected the private key that belongs to it`;
    return refuse(source, problem);
  }
  if (isDer(text)) {
    const command = 'openssl pkey -inform DER -out server.key -in';
    return refuse(source, 'binary (DER), expected PEM', convert(source, command));
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(text))
    return refuse(source, 'cut off: its PEM has no matching -----END line');
  const hint = source.privateKeyFile === undefined ? ' (a path belongs in private_key_file)' : '';
  return refuse(source, `not a private key in PEM${hint}`);
}

function decrypt(source: PrivateKeySource): string {
  return `Without passphrase: openssl pkey -out server.key -in ${fileOf(source)}`;
}

function convert(source: PrivateKeySource, command: string): string {
  return `Convert it: ${command} ${fileOf(source)}`;
}

function fileOf({ privateKeyFile }: PrivateKeySource): string {
  return privateKeyFile ?? 'THE_KEY_FILE';
}

/** Never holds a byte of the key: only what kind of thing it is. */
function refuse(
  { privateKeyFile }: PrivateKeySource,
  problem: string,
  fix = makeKey,
  cause?: unknown,
): ProxyError {
  const name =
    privateKeyFile === undefined ? 'private_key (inline)' : `private key file ${privateKeyFile}`;
  return new ProxyError(
    'config_invalid',
    `${name}: ${problem}. ${fix}`,
    cause === undefined ? {} : { cause },
  );
}
