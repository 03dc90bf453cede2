// The certificate of the simulated org: self-signed, made at start, and at the same time the authority to trust.

import { randomUUID } from 'node:crypto';
import { generate } from 'selfsigned';

export interface TlsIdentity {
  readonly certPem: string;
  readonly keyPem: string;
}

export async function makeTlsIdentity(publicHost: string): Promise<TlsIdentity> {
  const names = new Set(['localhost', '*.localhost', publicHost]);
  // OpenSSL looks an authority up by its name: one that trusts two orgs has to find both.
  const value = `Simulated org ${randomUUID()}`;
  const { cert, private: key } = await generate([{ name: 'commonName', value }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...[...names].map((value) => ({ type: 2 as const, value })),
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { certPem: cert, keyPem: key };
}
