import { describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';

const org = {
  login_url: 'https://test.salesforce.com',
  client_id: 'x',
  username: 'x@example.com',
  private_key: 'x',
};
const hash = 'AB'.repeat(32);

function parse(keys: object) {
  return configSchema('/etc/proxy').safeParse({ orgs: { dev: org }, ...keys });
}

/** The places that are wrong, with what is expected there. */
function problems(keys: object): string[] {
  const issues = parse(keys).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('by default this machine may call without a key, no page may, and no client is known', () => {
  expect(parse({}).data).toMatchObject({
    access: {
      allowedHosts: ['localhost', '127.0.0.1', '[::1]', '*.localhost'],
      allowedOrigins: [],
      anonymous: 'loopback',
    },
    clients: [],
    policies: {},
    tls: undefined,
  });
});

test('what is given comes out in one form', () => {
  const { data, error } = parse({
    access: {
      allowed_hosts: ['Proxy.Example.com'],
      allowed_origins: ['https://App.example.com/'],
      anonymous: 'never',
    },
    clients: [
      {
        name: 'reporting',
        key_sha256: ` ${hash} `,
        org: 'dev',
        username: 'r@example.com',
        policy: 'reports',
      },
      { name: 'batch', certificate_name: 'batch.example.com' },
    ],
    policies: {
      reports: { allow: ['GET   /services/data/**'], deny: ['* /services/data/*/tooling/**'] },
    },
    tls: { cert_file: 'a.crt', key_file: '/b.key', client_ca_file: 'ca.crt' },
  });
  expect(error).toBeUndefined();
  expect(data).toMatchObject({
    access: {
      allowedHosts: ['proxy.example.com'],
      allowedOrigins: ['https://app.example.com'],
      anonymous: 'never',
    },
    clients: [
      { name: 'reporting', keySha256: hash.toLowerCase(), certificateName: undefined, org: 'dev' },
      { name: 'batch', keySha256: undefined, certificateName: 'batch.example.com' },
    ],
    policies: { reports: { allow: ['GET /services/data/**'] } },
    tls: { certFile: '/etc/proxy/a.crt', keyFile: '/b.key', clientCaFile: '/etc/proxy/ca.crt' },
  });
});

describe('what is wrong is told with its place', () => {
  test.each<[object, string]>([
    [{ access: { allowed_host: ['x'] } }, 'access: '],
    [{ access: { allowed_hosts: [] } }, 'access.allowed_hosts: expected a list of host names'],
    [{ access: { allowed_hosts: ['*'] } }, 'access.allowed_hosts.0: expected a host name'],
    [
      { access: { allowed_origins: 'https://a.example' } },
      'access.allowed_origins: expected a list',
    ],
    [{ access: { allowed_origins: ['null'] } }, 'access.allowed_origins.0: expected an origin'],
    [{ access: { anonymous: 'yes' } }, 'access.anonymous: expected one of loopback, never, always'],
    [{ clients: [{ name: 'a' }] }, 'clients.0.key_sha256: expected key_sha256 or certificate_name'],
    [{ clients: [{ name: 'a b', key_sha256: hash }] }, 'clients.0.name: expected a client name'],
    [
      { clients: [{ name: 'a', key_sha256: 'secret' }] },
      'clients.0.key_sha256: expected a SHA-256',
    ],
    [{ clients: [{ name: 'a', key: 'sfap_x', key_sha256: hash }] }, 'clients.0: '],
    [{ policies: { a: { allow: 'GET /x' } } }, 'policies.a.allow: expected a list of rules'],
    [{ policies: { a: { deny: [] } } }, 'policies.a.allow: expected a list of rules'],
    [{ policies: { a: { allow: ['GET /x'] } } }, 'policies.a.allow.0: Rule "GET /x"'],
    [
      { policies: { data: { allow: [] } } },
      'policies: expected other names than those of the presets',
    ],
    [{ tls: { cert_file: 'a' } }, 'tls.key_file: expected the path of a file'],
    [{ orgs: { dev: { ...org, hosts: ['a:80'] } } }, 'orgs.dev.hosts.0: expected a host name'],
    [{ orgs: { dev: { ...org, policy: '' } } }, 'orgs.dev.policy: expected the name of a policy'],
  ])('%j', (keys, problem) => {
    expect(problems(keys)).toContainEqual(expect.stringContaining(problem));
  });
});
