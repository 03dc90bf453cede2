// Whom the connections to Salesforce trust beside Node's own authorities (`upstream.ca_file`). One context for all of them:
// reading some 150 certificates anew costs milliseconds and megabytes for each connection.
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

export interface Authorities {
  readonly pem: string;
  readonly secureContext: SecureContext;
}

/** @throws Error for text that holds no certificate, or a broken one */
export function trustAlso(pem: string): Authorities {
  // OpenSSL leaves out what is none, and then nobody is told why nothing is trusted.
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (!certificates) throw new Error('it holds no certificate');
  for (const certificate of certificates) new X509Certificate(certificate);
  const secureContext = createSecureContext();
  // Beside Node's own. The option `ca` is instead of them, and reading those anew takes 20 ms and 3 MB. Node
  // documents no way to add some; nearly every test fails where this one has gone.
  secureContext.context.addCACert(pem);
  return { pem, secureContext };
}
