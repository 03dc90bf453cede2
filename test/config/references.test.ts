import { describe, expect, test } from 'vitest';
import { findReferenceProblems } from '../../src/config/references.ts';

const orgs = { dev: {}, prod: {} };
const hash = 'a'.repeat(64);

function problems(config: object): string[] {
  return findReferenceProblems({ orgs, ...config }).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

describe('names that must exist', () => {
  test.each<[object, string]>([
    [{ default_org: 'pord' }, 'default_org: expected one of the orgs: dev, prod'],
    [
      { orgs: { dev: { policy: 'reports' } } },
      'orgs.dev.policy: expected a policy: data, read-only, legacy',
    ],
    [{ clients: [{}, { org: 'test' }] }, 'clients.1.org: expected one of the orgs: dev, prod'],
    [
      { policies: { reports: {} }, clients: [{ policy: 'report' }] },
      'clients.0.policy: expected a policy: data, read-only, legacy, reports',
    ],
    [{ clients: [{ policy: 'constructor' }] }, 'clients.0.policy: expected a policy'],
    [{ clients: [{ org: '__proto__' }] }, 'clients.0.org: expected one of the orgs'],
    [
      { clients: [{ certificate_name: 'a' }], tls: { cert_file: 'x' } },
      'clients.0.certificate_name: expected tls.client_ca_file beside it',
    ],
  ])('%j', (config, problem) => {
    expect(problems(config)).toEqual([expect.stringContaining(problem)]);
  });

  test('a policy of the configuration, or a preset', () => {
    const named = {
      orgs: { dev: { policy: 'reports' } },
      clients: [{ policy: 'read-only', org: 'dev' }],
    };
    expect(problems({ ...named, policies: { reports: {} }, default_org: 'dev' })).toEqual([]);
  });
});

describe('what may be given only once', () => {
  const once = 'expected each only once';

  test.each<[object, string]>([
    [{ clients: [{ name: 'a' }, { name: 'A' }] }, `clients.1.name: ${once}`],
    [
      { clients: [{ key_sha256: hash }, { key_sha256: hash.toUpperCase() }] },
      `clients.1.key_sha256: ${once}`,
    ],
    [
      {
        clients: [{ certificate_name: 'x' }, { certificate_name: 'X ' }],
        tls: { client_ca_file: 'x' },
      },
      `clients.1.certificate_name: ${once}`,
    ],
    // It ends like a port that the system chooses, which may be given often.
    [
      {
        clients: [{ certificate_name: 'urn:a:0' }, { certificate_name: 'urn:a:0' }],
        tls: { client_ca_file: 'x' },
      },
      `clients.1.certificate_name: ${once}`,
    ],
    [
      { orgs: { dev: { listen: '127.0.0.1:81' }, prod: { listen: '127.0.0.1:81' } } },
      `orgs.prod.listen: ${once}`,
    ],
    [
      { listen: '127.0.0.1:81', orgs: { dev: { listen: '127.0.0.1:81' } } },
      `orgs.dev.listen: ${once}`,
    ],
    [
      { orgs: { dev: { hosts: ['a', 'b'] }, prod: { hosts: ['B'] } } },
      'orgs.prod.hosts.0: expected a host of its own: dev has it',
    ],
  ])('%j', (config, problem) => {
    expect(problems(config)).toEqual([problem]);
  });

  test('a port that the system chooses may be given often', () => {
    expect(
      problems({
        listen: '[::1]:0',
        orgs: { dev: { listen: '[::1]:0' }, prod: { listen: '[::1]:0' } },
      }),
    ).toEqual([]);
  });
});

test.each([
  undefined,
  null,
  'text',
  [],
  { orgs: 'x', clients: 'y', policies: [] },
  { orgs: { a: null } },
  { clients: [null, 1] },
])('what has another shape is for the schema to tell: %j', (config) => {
  expect(findReferenceProblems(config)).toEqual([]);
});
