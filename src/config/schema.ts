// Every key of the configuration, its default and the shape in which the program gets it (design.md,
// "Configuration"). A key that is not here is an error: no option is parsed and ignored.
import * as z from 'zod';
import { access, clients, policies, tls } from './access-schema.ts';
import { admin } from './admin-schema.ts';
import { limits, shutdown } from './limits-schema.ts';
import { findReferenceProblems } from './references.ts';
import {
  byteSize,
  choice,
  count,
  duration,
  endpointUrl,
  filePath,
  flag,
  instanceHost,
  line,
  list,
  listenAddress,
  namedMap,
  optionalSecret,
  proxyUrl,
  requestHost,
  secret,
  section,
} from './value-kinds.ts';

export type Config = z.output<ReturnType<typeof configSchema>>;
export type OrgConfig = Config['orgs'][string];
export type UpstreamConfig = Config['upstream'];
export type LimitsConfig = Config['limits'];
export type LogConfig = Config['log'];
export type AccessConfig = Config['access'];
export type ClientConfig = Config['clients'][number];

/** Relative paths are taken from `baseDir`. The output is frozen, all the way down. */
export function configSchema(baseDir: string) {
  return section({
    listen: listenAddress(baseDir)
      .prefault('127.0.0.1:8080')
      .describe('Where clients connect: host:port, [ipv6]:port or unix:/path.sock'),
    orgs: orgs(baseDir).describe('The Salesforce orgs, by a name of your choice'),
    default_org: line('expected the name of an org')
      .optional()
      .describe('The org of a request that selects none; default: the only org'),
    access: access().prefault({}).describe('Who may call'),
    clients: clients().prefault([]).describe('Callers that are known by a key or a certificate'),
    policies: policies().prefault({}).describe('What callers may do, by a name of your choice'),
    tls: tls(baseDir).optional().describe('TLS, and mutual TLS, for clients'),
    upstream: upstream(baseDir).prefault({}).describe('The connections to Salesforce'),
    limits: limits().prefault({}).describe('How much passes at once, and in a day'),
    admin: admin(baseDir)
      .optional()
      .describe('Dashboard, metrics and probes, never on the data port; off to have none'),
    shutdown: shutdown().prefault({}).describe('How the proxy ends'),
    log: log().prefault({}).describe('What is logged, and how'),
  })
    .superRefine(
      (config, context) => {
        for (const { path, message } of findReferenceProblems(config)) {
          context.addIssue({
            code: 'custom',
            path: [...path],
            message,
            params: { isSecret: false },
          });
        }
      },
      { when: always },
    )
    .transform((config) => ({
      listen: config.listen,
      /** Undefined: nobody chose; then the default is used if it is free. */
      admin: config.admin,
      /** By name, without a prototype: `orgs[name]` is an org or undefined, whatever the name. */
      orgs: config.orgs,
      /** Undefined when there are several orgs and none was chosen. */
      defaultOrg: config.default_org ?? onlyKey(config.orgs),
      access: config.access,
      clients: config.clients,
      policies: config.policies,
      /** Undefined: plain HTTP. */
      tls: config.tls,
      upstream: config.upstream,
      limits: config.limits,
      shutdown: config.shutdown,
      log: config.log,
    }))
    .readonly();
}

/** The JSON Schema of the file, for editors; made from the same source. */
export function configJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(configSchema('/'), {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.readOnly;
      // A reference, "${NAME}", is right wherever a name is.
      const { enum: names } = jsonSchema;
      if (names === undefined) return;
      delete jsonSchema.enum;
      jsonSchema.anyOf = [{ enum: names }, { pattern: '\\$\\{' }];
    },
  });
}

function orgs(baseDir: string) {
  return namedMap(org(baseDir), 'an org')
    .refine((byName) => Object.keys(byName).length > 0, { error: 'expected at least one org' })
    .transform(withNames)
    .readonly();
}

function org(baseDir: string) {
  return section({
    login_url: endpointUrl().describe('Host of the token endpoint; My Domain recommended'),
    audience: line('expected the audience, such as https://login.salesforce.com')
      .optional()
      .describe('The aud of the assertion; default: login_url'),
    token_url: endpointUrl()
      .optional()
      .describe('The token endpoint; default: login_url + /services/oauth2/token'),
    client_id: line('expected the consumer key of the External Client App').describe(
      'The consumer key (iss)',
    ),
    username: line('expected the Salesforce user name').describe('The Salesforce user (sub)'),
    private_key: secret('expected a private key')
      .optional()
      .describe('The key itself: PEM, or PEM in base64'),
    private_key_file: filePath(baseDir).optional().describe('The file that holds the key'),
    private_key_passphrase: optionalSecret('expected a passphrase')
      .optional()
      .describe('The passphrase of an encrypted key'),
    certificate_file: filePath(baseDir)
      .optional()
      .describe('The certificate of the key: proves the fit, warns 30 days before it expires'),
    instance_hosts: list(instanceHost(), 'expected a list of suffixes or hosts')
      .optional()
      .describe("Who may receive the session; default: Salesforce's own hosts"),
    hosts: list(requestHost(), 'expected a list of host names')
      .optional()
      .describe('Host headers that select this org'),
    listen: listenAddress(baseDir).optional().describe('An address of its own'),
    policy: line('expected the name of a policy')
      .prefault('data')
      .describe('What its clients may do: data, read-only, legacy or one of policies'),
  })
    .meta({ oneOf: [{ required: ['private_key'] }, { required: ['private_key_file'] }] })
    .refine(hasOneKey, {
      path: ['private_key'],
      error: 'expected exactly one of private_key and private_key_file',
      when: always,
    })
    .transform((one) => ({
      loginUrl: one.login_url,
      audience: one.audience ?? one.login_url,
      tokenUrl: one.token_url ?? `${one.login_url}/services/oauth2/token`,
      clientId: one.client_id,
      username: one.username,
      privateKey: one.private_key,
      privateKeyFile: one.private_key_file,
      privateKeyPassphrase: one.private_key_passphrase,
      certificateFile: one.certificate_file,
      /** Undefined: Salesforce's own hosts, as src/salesforce/hosts.ts lists them. */
      instanceHosts: one.instance_hosts,
      hosts: one.hosts ?? [],
      listen: one.listen,
      policy: one.policy,
    }));
}

function upstream(baseDir: string) {
  return section({
    connect_timeout: duration().prefault('5s').describe('Until a connection stands'),
    response_timeout: duration()
      .prefault('10m')
      .describe('Without a byte from Salesforce, which itself ends a request after 10 minutes'),
    login_timeout: duration().prefault('15s').describe('For a login, its retries included'),
    max_connections: count(2).prefault('128').describe('Connections per org'),
    replay_body_limit: byteSize()
      .prefault('1MiB')
      .describe('The largest request body that is kept to be sent again after a new login'),
    ca_file: filePath(baseDir).optional().describe('Extra certificate authorities (PEM)'),
    proxy: proxyUrl().optional().describe('An http proxy; default: HTTPS_PROXY and NO_PROXY'),
  })
    .transform((keys) => ({
      connectTimeoutMs: keys.connect_timeout,
      responseTimeoutMs: keys.response_timeout,
      loginTimeoutMs: keys.login_timeout,
      maxConnections: keys.max_connections,
      replayBodyLimitBytes: keys.replay_body_limit,
      caFile: keys.ca_file,
      proxy: keys.proxy,
    }))
    .readonly();
}

function log() {
  return section({
    level: choice(['trace', 'debug', 'info', 'warn', 'error'])
      .prefault('info')
      .describe('The least that is logged'),
    format: choice(['json', 'pretty'])
      .optional()
      .describe('Default: pretty on a terminal, json elsewhere'),
    query: flag()
      .prefault('false')
      .describe('Log query strings too; SOQL in them holds personal data'),
  })
    .transform((keys) => ({ level: keys.level, format: keys.format, query: keys.query }))
    .readonly();
}

function withNames<Org extends object>(byName: Readonly<Record<string, Org>>) {
  const named: Record<string, Readonly<Org & { name: string }>> = Object.create(null);
  for (const [name, one] of Object.entries(byName)) named[name] = Object.freeze({ ...one, name });
  return named;
}

/** For rules that hold between keys: told together with the mistakes inside the keys, not after them. */
function always(): boolean {
  return true;
}

function hasOneKey(keys: unknown): boolean {
  if (!isMap(keys)) return true;
  return (keys.private_key === undefined) !== (keys.private_key_file === undefined);
}

function onlyKey(map: Readonly<Record<string, unknown>>): string | undefined {
  const [first, ...others] = Object.keys(map);
  return others.length === 0 ? first : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
