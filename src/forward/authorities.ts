// Whom the connections to Salesforce trust beside Node's own authorities (`upstream.ca_file`). One context for all of them:
// reading some 150 certificates anew costs milliseconds and megabytes for each connection.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

export interface Authorities {
  readonly pem: string;
  readonly secureContext: SecureContext;
}

/** @throws Error for text that holds no certificate */
export function trustAlso(pem: string): Authorities {
  // OpenSSL takes a file without a certificate for an empty list, and then nobody is told why nothing is trusted.
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate');
  const ca = [...getCACertificates('default'), pem];
  return { pem, secureContext: createSecureContext({ ca }) };
}
