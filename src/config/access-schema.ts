// The keys that say who may call and what: `access`, `clients`, `policies` and `tls` (design.md, "Configuration").
import * as z from 'zod';
import { presetNames } from './policy-rule.ts';
import {
  choice,
  filePath,
  keyHash,
  line,
  list,
  name,
  namedMap,
  origin,
  policyRule,
  rate,
  requestHost,
  section,
} from './value-kinds.ts';

export function access() {
  return section({
    allowed_hosts: list(requestHost(), 'expected a list of host names')
      .prefault(['localhost', '127.0.0.1', '[::1]', '*.localhost'])
      .describe('Host headers that are served, whatever the port; *.name is any name below it'),
    allowed_origins: z
      .array(origin(), { error: 'expected a list of origins' })
      .readonly()
      .prefault([])
      .describe('Web origins whose pages may call; empty: no browser page may'),
    anonymous: choice(['loopback', 'never', 'always'])
      .prefault('loopback')
      .describe('Who may call without a key: loopback, never or always'),
  })
    .transform((keys) => ({
      allowedHosts: keys.allowed_hosts,
      allowedOrigins: keys.allowed_origins,
      anonymous: keys.anonymous,
    }))
    .readonly();
}

export function clients() {
  const client = section({
    name: name('expected a client name of letters, digits, _ . and -').describe(
      'What the log calls the client',
    ),
    key_sha256: keyHash().optional().describe('SHA-256 of its key, as client-key prints it'),
    certificate_name: line('expected a common name or subject alternative name')
      .optional()
      .describe('Instead of a key, or beside it: the name in its certificate (mutual TLS)'),
    org: line('expected the name of an org').optional().describe('The org it is bound to'),
    username: line('expected a Salesforce user name')
      .optional()
      .describe('The Salesforce user it acts as; default: that of the org'),
    policy: line('expected the name of a policy')
      .optional()
      .describe("What it may do; default: the org's policy"),
    priority: choice(['normal', 'high'])
      .prefault('normal')
      .describe('high: goes on when the API budget is spent (limits.api_usage_stop)'),
    rate_limit: rate().optional().describe('How many requests it may make, such as 50/s'),
  })
    .refine((keys) => keys.key_sha256 !== undefined || keys.certificate_name !== undefined, {
      path: ['key_sha256'],
      error: 'expected key_sha256 or certificate_name, by which the client is known',
    })
    .transform((keys) => ({
      name: keys.name,
      keySha256: keys.key_sha256,
      certificateName: keys.certificate_name,
      org: keys.org,
      username: keys.username,
      policy: keys.policy,
      priority: keys.priority,
      rateLimit: keys.rate_limit,
    }));
  return z.array(client, { error: 'expected a list of clients' }).readonly();
}

export function policies() {
  const rules = () => z.array(policyRule(), { error: 'expected a list of rules' }).readonly();
  const policy = section({
    allow: rules().describe('What passes, as METHODS PATH'),
    deny: rules().prefault([]).describe('What does not, whatever allow says'),
  });
  return namedMap(policy, 'a policy').refine(
    (byName) => !presetNames.some((preset) => Object.hasOwn(byName, preset)),
    { error: `expected other names than those of the presets: ${presetNames.join(', ')}` },
  );
}

export function tls(baseDir: string) {
  return section({
    cert_file: filePath(baseDir).describe('The certificate of the listener, with its chain (PEM)'),
    key_file: filePath(baseDir).describe('Its private key (PEM)'),
    client_ca_file: filePath(baseDir)
      .optional()
      .describe('Mutual TLS: the authority whose certificates make clients known'),
  })
    .transform((keys) => ({
      certFile: keys.cert_file,
      keyFile: keys.key_file,
      clientCaFile: keys.client_ca_file,
    }))
    .readonly();
}
