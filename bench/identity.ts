// Who the upstream is and by what it knows a caller: a certificate and keys, made anew for each run.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** The name in the certificate, beside the address: nginx compares a name only. */
export const upstreamName = 'localhost';

export interface Identity {
  /** The certificate is its own authority. */
  readonly caFile: string;
  readonly tlsKeyFile: string;
  readonly privateKeyFile: string;
  /** The session that every contestant is to inject. */
  readonly token: string;
}

export async function makeIdentity(directory: string): Promise<Identity> {
  const identity = {
    caFile: join(directory, 'upstream.crt'),
    tlsKeyFile: join(directory, 'upstream.key'),
    privateKeyFile: join(directory, 'login.key'),
    token: makeToken(),
  };
  const { cert, private: key } = await generate(
    [{ name: 'commonName', value: `Benchmark ${randomUUID()}` }],
    {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: upstreamName },
            { type: 7, ip: '127.0.0.1' },
          ],
        },
      ],
    },
  );
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(identity.caFile, cert);
  writeFileSync(identity.tlsKeyFile, key, { mode: 0o600 });
  writeFileSync(identity.privateKeyFile, privateKey, { mode: 0o600 });
  return identity;
}

/** As long as Salesforce's: the id of the org and 96 characters. */
export function makeToken(): string {
  return `00D000000000001!${randomBytes(48).toString('hex')}`;
}
