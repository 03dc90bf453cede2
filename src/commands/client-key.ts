// `client-key NAME`: a fresh key for a client, and the entry with its hash for the configuration.

import { ProxyError } from '../errors.ts';
import { hashClientKey, makeClientKey } from '../middleware/client-key.ts';

export function clientKey(name: string): void {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
    throw new ProxyError(
      'config_invalid',
      `"${name}" is no name for a client: use up to 64 letters, digits, "_", "." and "-".`,
    );
  }
  const key = makeClientKey();
  console.log(`The key, for the client alone; it is shown this once:

  ${key}

The entry for config.yaml, which holds only its hash:

clients:
  - name: ${name}
    key_sha256: ${hashClientKey(key)}

The client sends it as "Authorization: Bearer KEY", or wherever it would put a Salesforce session.`);
}
