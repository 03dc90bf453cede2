// Mutual TLS: a client is known by a name in its certificate, if the authority of the configuration has signed it. Certificates are
// made by the real openssl, and so are the names that try to be somebody else's.
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashClientKey, makeClientKey } from '../../src/middleware/client-key.ts';
import {
  type IssueOptions,
  makeCa,
  type TestCa,
  type TestCertificate,
} from '../support/make-ca.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, type TestProxy } from '../support/start-proxy.ts';
import { isOpensslMissing, makeTestKey, temporaryDirectory } from '../support/test-keys.ts';

const limits = '/services/data/v67.0/limits';

interface Setup {
  readonly proxy: TestProxy;
  readonly ca: TestCa;
  readonly key: string;
  /** The client that the proxy took this caller for; or the code of its refusal. */
  call(certificate?: TestCertificate, options?: CallOptions): Promise<string | undefined>;
}

interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly agent?: Agent;
}

async function setUp(certificateNames: readonly string[]): Promise<Setup> {
  const dir = temporaryDirectory();
  const ca = makeCa(dir);
  const server = ca.issue('localhost', { altNames: ['DNS.1 = localhost'] });
  const key = makeClientKey();
  const org = await startOrg();
  const proxy = await startProxy(org, {
    config: {
      access: { anonymous: 'never' },
      tls: { cert_file: server.certFile, key_file: server.keyFile, client_ca_file: ca.certFile },
      clients: [
        ...certificateNames.map((name, i) => ({ name: `client-${i}`, certificate_name: name })),
        { name: 'keyed', key_sha256: hashClientKey(key) },
      ],
    },
  });
  const call: Setup['call'] = async (certificate, { headers = {}, agent } = {}) => {
    const told = proxy.eventsOf('request').length;
    const status = await get(proxy.port, certificate, headers, agent);
    await expect.poll(() => proxy.eventsOf('request').length).toBe(told + 1);
    const event = proxy.eventsOf('request').at(-1);
    expect(status).toBe(event?.status);
    return event?.error?.code ?? event?.client;
  };
  return { proxy, ca, key, call };
}

function get(
  port: number,
  certificate: TestCertificate | undefined,
  headers: Record<string, string>,
  agent: Agent | undefined,
): Promise<number | undefined> {
  const identity = certificate && { cert: certificate.cert, key: certificate.key };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: limits, rejectUnauthorized: false };
    request(
      {
        ...options,
        ...identity,
        agent: agent ?? false,
        headers: { host: 'localhost', ...headers },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      },
    )
      .on('error', reject)
      .end();
  });
}

describe.skipIf(isOpensslMissing())('mutual TLS', () => {
  test('a client is known by its common name or by any of its alternative names', async () => {
    const { ca, call } = await setUp([
      'batch.example.com',
      'spiffe://example.com/reporting',
      'ops@example.com',
      '10.1.2.3',
      'Smith, John',
      'say "hello"',
      'https://example.com/a,b',
    ]);
    const known: [string, IssueOptions][] = [
      ['client-0', { subject: '/CN=batch.example.com' }],
      ['client-0', { subject: '/CN=BATCH.example.com' }],
      ['client-0', { subject: '/CN=other', altNames: ['DNS.1 = x', 'DNS.2 = batch.example.com'] }],
      ['client-1', { altNames: ['URI.1 = spiffe://example.com/reporting'] }],
      ['client-2', { altNames: ['email.1 = ops@example.com'] }],
      ['client-3', { altNames: ['IP.1 = 10.1.2.3'] }],
      ['client-4', { subject: '/CN=Smith, John' }],
      ['client-5', { subject: '/CN=say "hello"' }],
      ['client-5', { altNames: ['DNS.1 = say \\"hello\\"'] }],
      ['client-6', { altNames: ['URI.1 = "https://example.com/a,b"'] }],
    ];
    for (const [client, options] of known) {
      expect(await call(ca.issue('any', options)), JSON.stringify(options)).toBe(client);
    }
  });

  test('nobody else is', async () => {
    const { ca, key, call } = await setUp(['admin', 'localhost']);
    const other = makeCa(temporaryDirectory(), 'other');
    const unauthorized = 'client_unauthorized';
    expect(await call()).toBe(unauthorized);
    expect(await call(ca.issue('somebody'))).toBe(unauthorized);
    expect(await call(other.issue('admin'))).toBe(unauthorized);
    expect(await call(ca.issue('admin', { isExpired: true }))).toBe(unauthorized);
    // Another authority of the same name: OpenSSL may end the connection for its signature, before there is an answer.
    const forged = call(makeCa(temporaryDirectory()).issue('admin')).catch(() => 'cut');
    expect(await forged).toBeOneOf([unauthorized, 'cut']);
    // An authority's own certificate, and one that signed itself.
    expect(await call(makeCa(temporaryDirectory(), 'admin').issue('admin'))).toBe(unauthorized);
    expect(await call(ca.issue('admin'))).toBe('client-0');
    const headers = { authorization: `Bearer ${key}` };
    expect(await call(undefined, { headers })).toBe('keyed');
    expect(await call(other.issue('admin'), { headers })).toBe('keyed');
  });

  // Certificates hold names as bytes, Node gives them as one text (CVE-2021-44531, -44532): a name that holds the text's own
  // separators must not become two.
  test.each<IssueOptions>([
    { altNames: ['DNS.1 = "x, DNS:admin"'] },
    { altNames: ['DNS.1 = "x, DNS:admin, DNS:y"'] },
    { altNames: ['URI.1 = "http://x/, DNS:admin, DNS:y"'] },
    { altNames: ['URI.1 = "x\\", DNS:admin, DNS:\\"y"'] },
    { altNames: ['email.1 = "x, admin"'] },
    { altNames: ['DNS.1 = "DNS:admin"'] },
    { altNames: ['URI.1 = "DNS:admin"'] },
    { altNames: ['otherName.1 = 1.2.3.4;UTF8:admin'] },
    { altNames: ['dirName.1 = dn', '[dn]', 'CN = admin'] },
    { altNames: ['RID.1 = 1.2.3.4'] },
    { subject: '/CN=x, CN=admin' },
    { subject: '/CN=x\\/CN=admin' },
    { subject: '/CN=x\nCN=admin' },
    { subject: '/CN=admin ' },
    { subject: '/CN=admin\\, y' },
    { subject: '/O=admin/CN=x' },
  ])('%o does not become another name', async (options) => {
    const { ca, call } = await setUp(['admin', 'DNS:admin']);
    const [name] = options.altNames ?? [];
    const isLiteral = name?.includes('"DNS:admin"');
    expect(await call(ca.issue('x', { subject: '/CN=x', ...options }))).toBe(
      isLiteral ? 'client-1' : 'client_unauthorized',
    );
  });

  // A resumed connection in TLS 1.3 counts as authorised for Node, certificate or not.
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a resumed session in %s is who it was',
    async (version) => {
      const { ca, call } = await setUp(['admin']);
      const callTwice = async (certificate?: TestCertificate) => {
        const agent = new Agent({ maxCachedSessions: 10, keepAlive: false, maxVersion: version });
        return [await call(certificate, { agent }), await call(certificate, { agent })];
      };
      const no = 'client_unauthorized';
      expect(await callTwice()).toEqual([no, no]);
      expect(await callTwice(ca.issue('somebody'))).toEqual([no, no]);
      const other = makeCa(temporaryDirectory(), 'other');
      expect(await callTwice(other.issue('admin'))).toEqual([no, no]);
      expect(await callTwice(ca.issue('admin'))).toEqual(['client-0', 'client-0']);
    },
  );

  test.each([
    ['a certificate that is none', { cert_file: 'text.pem', key_file: 'ca.key' }, 'tls'],
    ['a key of another certificate', { cert_file: 'ca.crt', key_file: 'other.key' }, 'tls'],
    ['a key that is none', { cert_file: 'ca.crt', key_file: 'text.pem' }, 'tls'],
    ['a file that is not there', { cert_file: 'none.crt', key_file: 'ca.key' }, 'tls.cert_file'],
    [
      'an authority that is none',
      { cert_file: 'ca.crt', key_file: 'ca.key', client_ca_file: 'text.pem' },
      'tls.client_ca_file',
    ],
    [
      'an authority that is empty',
      { cert_file: 'ca.crt', key_file: 'ca.key', client_ca_file: 'empty.pem' },
      'tls.client_ca_file',
    ],
    ['no key', { cert_file: 'ca.crt' }, 'tls.key_file'],
  ])('%s ends the start with exit code 2', async (_what, tls, named) => {
    const dir = temporaryDirectory();
    makeCa(dir);
    makeCa(dir, 'other');
    writeFileSync(join(dir, 'text.pem'), 'this is no certificate\n');
    writeFileSync(join(dir, 'empty.pem'), '');
    const org = {
      login_url: 'https://test.salesforce.com',
      client_id: 'x',
      username: 'x@example.com',
      private_key_file: 'rsa.key',
    };
    writeFileSync(join(dir, 'rsa.key'), makeTestKey().privateKeyPem);
    writeFileSync(
      join(dir, 'config.yaml'),
      JSON.stringify({ listen: '127.0.0.1:0', orgs: { test: org }, tls }),
    );
    const proxy = spawnProxy(['serve', '--config', join(dir, 'config.yaml')]);
    expect(await proxy.exit()).toBe(2);
    expect(proxy.stderr()).toContain(named);
    expect(proxy.stdout()).toBe('');
  });
});
