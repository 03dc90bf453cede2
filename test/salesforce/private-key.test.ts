// Every key is made by the real openssl, as the Salesforce walk-throughs make them.
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { ProxyError } from '../../src/errors.ts';
import {
  loadPrivateKey,
  type PrivateKeySource,
  privateKeyFingerprint,
} from '../../src/salesforce/private-key.ts';
import { asNobody } from '../support/as-nobody.ts';
import {
  isOpensslMissing,
  makeTestKey,
  openssl,
  temporaryDirectory,
} from '../support/test-keys.ts';

const passphrase = new Secret('x');
const makeCommand = 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server.key';

/** Signs with the loaded key and verifies with the public half of `pem`, as Salesforce would. */
async function expectSigns(source: PrivateKeySource, pem: string | Buffer) {
  const jwt = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setSubject('user')
    .sign(loadPrivateKey(source));
  const publicKey = createPublicKey(createPrivateKey({ key: pem, passphrase: 'x' }));
  const { payload } = await jwtVerify(jwt, publicKey, { algorithms: ['RS256'] });
  expect(payload.sub).toBe('user');
}

/** The message of the refusal, proven to hold nothing of the key. */
function refusal(source: PrivateKeySource, material = ''): string {
  try {
    loadPrivateKey(source);
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({ code: 'config_invalid', exitCode: 2 });
    const printed = inspect(error, { depth: 9 });
    for (const line of material.split('\n').filter((text) => /^[\w+/]{20}/.test(text)))
      expect(printed).not.toContain(line.slice(0, 20));
    return (error as ProxyError).message;
  }
  throw new Error('it was accepted');
}

function inline(text: string, pass?: Secret): PrivateKeySource {
  return { privateKey: new Secret(text), passphrase: pass };
}

/** Runs openssl commands in a fresh directory, and gives the path of a file there. */
function made(file: string, ...commands: string[]): string {
  const dir = temporaryDirectory();
  for (const command of commands) openssl(dir, command);
  return join(dir, file);
}

function written(text: string | Buffer): string {
  const file = join(temporaryDirectory(), 'server.key');
  writeFileSync(file, text);
  return file;
}

const pkcs1 = 'genrsa -traditional -out server.key 2048';
const pkcs8 = 'genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server.key';

const legacy = '-provider legacy -provider default';

/** Some distributions ship the retired ciphers apart. */
function hasLegacyProvider(): boolean {
  return spawnSync('openssl', `list -providers ${legacy}`.split(' ')).status === 0;
}

describe.skipIf(isOpensslMissing())('a private key', () => {
  describe('as the walk-throughs make it', () => {
    const genrsa = 'genrsa -des3 -passout pass:x -out server.pass.key 2048';
    const rsa = 'rsa -passin pass:x -in server.pass.key -out server.key';

    test('genrsa -des3, then rsa to drop the passphrase', async () => {
      const file = made('server.key', genrsa, rsa);
      await expectSigns({ privateKeyFile: file }, readFileSync(file));
    });

    test('genrsa -des3, used with its passphrase', async () => {
      const file = made('server.pass.key', genrsa);
      await expectSigns({ privateKeyFile: file, passphrase }, readFileSync(file));
    });

    test('req -x509 -newkey', async () => {
      const file = made(
        'salesforce.key',
        'req -x509 -sha256 -nodes -days 36500 -newkey rsa:2048 -keyout salesforce.key -out salesforce.crt -subj /CN=sf',
      );
      await expectSigns({ privateKeyFile: file }, readFileSync(file));
    });
  });

  describe('in each format', () => {
    test.each([
      ['PKCS#8', 'BEGIN PRIVATE KEY', pkcs8],
      ['PKCS#1', 'BEGIN RSA PRIVATE KEY', pkcs1],
      ['encrypted PKCS#8', 'BEGIN ENCRYPTED PRIVATE KEY', `${pkcs8} -aes-256-cbc -pass pass:x`],
      [
        'traditional, encrypted with -des3',
        'DEK-Info: DES-EDE3-CBC',
        'genrsa -traditional -des3 -passout pass:x -out server.key 2048',
      ],
    ])(
      '%s: in a file, inline, with literal \\n, in base64, with CRLF',
      async (_, mark, command) => {
        const file = made('server.key', command);
        const pem = readFileSync(file, 'utf8');
        expect(pem).toContain(mark);
        const base64 = Buffer.from(pem).toString('base64');
        const forms = [
          pem,
          pem.replaceAll('\n', '\\n'),
          pem.replaceAll('\n', '\\r\\n'),
          pem.replaceAll('\n', '\r\n'),
          pem.replaceAll('\n', ' '),
          pem.replaceAll(/^/gm, '    '),
          `\ufeff${pem}`,
          `"${pem.replaceAll('\n', '\\n')}"`,
          `'${pem}'`,
          `Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n${pem}`,
          `${makeTestKey().certificatePem}${pem}`,
          base64,
          `"${base64}"\n`,
          base64.replaceAll(/.{76}/g, '$&\r\n'),
          Buffer.from(pem.replaceAll('\n', '\r\n')).toString('base64url'),
        ];
        await expectSigns({ privateKeyFile: file, passphrase }, pem);
        for (const form of forms) {
          await expectSigns(inline(form, passphrase), pem);
          await expectSigns({ privateKeyFile: written(form), passphrase }, pem);
        }
      },
    );

    test('with a passphrase that it does not need', async () => {
      const { privateKeyPem } = makeTestKey();
      await expectSigns(inline(privateKeyPem, passphrase), privateKeyPem);
    });

    test('as openssl pkcs12 exports it, with bag attributes and the certificate before it', async () => {
      const file = made(
        'server.key',
        'req -x509 -nodes -newkey rsa:2048 -keyout a.key -out a.crt -subj /CN=sf',
        'pkcs12 -export -inkey a.key -in a.crt -out a.p12 -passout pass:x',
        'pkcs12 -in a.p12 -out server.key -nodes -passin pass:x',
      );
      const pem = readFileSync(file, 'utf8');
      expect(pem).toMatch(/Bag Attributes.*BEGIN CERTIFICATE.*BEGIN PRIVATE KEY/s);
      await expectSigns({ privateKeyFile: file }, pem.slice(pem.indexOf('-----BEGIN PRIVATE')));
    });
  });

  describe('that cannot sign RS256 is refused with the command that makes a good one', () => {
    test.each([
      ['an RSA key of 1024 bits, expected 2048', 'genrsa -out server.key 1024'],
      ['an RSA key of 2047 bits, expected 2048', 'genrsa -out server.key 2047'],
      ['of type EC', 'ecparam -name prime256v1 -genkey -out server.key'],
      ['of type EC', 'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out server.key'],
      ['of type ed25519', 'genpkey -algorithm ed25519 -out server.key'],
      [
        'of type RSA-PSS',
        'genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out server.key',
      ],
    ])('%s (openssl %s)', (problem, command) => {
      const file = made('server.key', command);
      const message = refusal({ privateKeyFile: file }, readFileSync(file, 'utf8'));
      expect(message).toContain(`private key file ${file}: ${problem}`);
      expect(message).toContain(makeCommand);
    });

    test.each([
      ['holds "PUBLIC KEY"', 'rsa -in server.key -pubout -out public.key'],
      ['holds "RSA PUBLIC KEY"', 'rsa -in server.key -RSAPublicKey_out -out public.key'],
      ['holds "CERTIFICATE"', 'req -x509 -key server.key -out public.key -subj /CN=sf'],
      ['holds "CERTIFICATE REQUEST"', 'req -new -key server.key -out public.key -subj /CN=sf'],
    ])('%s in its place', (problem, command) => {
      const file = made('public.key', pkcs8, command);
      const message = refusal({ privateKeyFile: file });
      expect(message).toContain(`${problem}, expected the private key that belongs to it`);
      expect(message).toContain(makeCommand);
    });
  });

  describe('that is encrypted is refused', () => {
    const encrypted = [
      ['PKCS#8', `${pkcs8} -aes-256-cbc -pass pass:x`],
      ['traditional', 'genrsa -traditional -des3 -passout pass:x -out server.key 2048'],
    ];

    test.each(encrypted)('%s: without a passphrase', (_, command = '') => {
      const file = made('server.key', command);
      const message = refusal({ privateKeyFile: file }, readFileSync(file, 'utf8'));
      expect(message).toContain('encrypted, and private_key_passphrase is not set');
      expect(message).toContain(`openssl pkey -out server.key -in ${file}`);
    });

    test.each(encrypted)('%s: with a wrong passphrase, which is not shown', (_, command = '') => {
      const file = made('server.key', command);
      const source = { privateKeyFile: file, passphrase: new Secret('hunter2') };
      const message = refusal(source, readFileSync(file, 'utf8'));
      expect(message).toContain('private_key_passphrase is not its passphrase');
      expect(message).not.toContain('hunter2');
    });

    test('with a cipher that OpenSSL retired', () => {
      const file = made('server.key', encrypted[1]?.[1] ?? '');
      const pem = readFileSync(file, 'utf8').replace('DES-EDE3-CBC', 'DES-CBC');
      const message = refusal({ privateKeyFile: written(pem), passphrase }, pem);
      expect(message).toContain('encrypted with a retired cipher. Convert it: openssl pkcs8');
    });

    test.skipIf(!hasLegacyProvider())('and the command that it names converts such a key', () => {
      const file = made(
        'old.key',
        pkcs8,
        `pkcs8 -topk8 -in server.key -v1 PBE-MD5-DES ${legacy} -passout pass:x -out old.key`,
      );
      const message = refusal({ privateKeyFile: file, passphrase });
      const command = message.slice(message.indexOf('openssl ') + 'openssl '.length);
      openssl(join(file, '..'), `${command} -passin pass:x -passout pass:x`);
      const converted = join(file, '../server.key');
      expect(loadPrivateKey({ privateKeyFile: converted, passphrase }).type).toBe('private');
    });
  });

  describe('that is no key is refused', () => {
    test('in DER, with the command that converts it', async () => {
      const file = made('server.der', pkcs8, 'pkey -in server.key -outform DER -out server.der');
      const message = refusal({ privateKeyFile: file });
      expect(message).toContain('binary (DER), expected PEM');
      openssl(join(file, '..'), message.slice(message.indexOf('openssl ') + 'openssl '.length));
      const converted = join(file, '../server.key');
      await expectSigns({ privateKeyFile: converted }, readFileSync(converted));
      expect(refusal(inline(readFileSync(file).toString('base64')))).toContain('binary (DER)');
    });

    test('a damaged one', () => {
      const pem = makeTestKey().privateKeyPem;
      const damaged = pem.replace(/\n.{64}\n/, '\n');
      expect(refusal(inline(damaged), pem)).toContain('damaged');
      expect(refusal(inline(pem.slice(0, 800)), pem)).toContain('cut off');
    });

    test('one in the format of OpenSSH', () => {
      const pem = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';
      expect(refusal({ privateKeyFile: written(pem) })).toContain('ssh-keygen -p -m PEM -f /');
    });
  });
});

describe('a private key that is not there', () => {
  test.each(['garbage', 'keys/my.key', '{"private_key":"x"}', 'a'.repeat(64)])(
    '%j is refused, and a path is told where it belongs',
    (text) => {
      const message = refusal(inline(text));
      expect(message).toContain('private_key (inline): not a private key in PEM');
      expect(message).toContain('a path belongs in private_key_file');
      expect(message).toContain(makeCommand);
      expect(message).not.toContain(text);
    },
  );

  test.each([
    ['empty', ''],
    ['empty', ' \n'],
    ['too large', 'x'.repeat(300_000)],
    ['not a private key in PEM', '\0\x01\x02'],
  ])('a file: %s', (problem, text) => {
    const file = written(text);
    const message = refusal({ privateKeyFile: file });
    expect(message).toContain(`private key file ${file}: ${problem}`);
    expect(message).toContain(makeCommand);
  });

  test('a file that is missing, and a directory', () => {
    const dir = temporaryDirectory();
    expect(refusal({ privateKeyFile: join(dir, 'no.key') })).toContain(
      `private key file ${join(dir, 'no.key')}: there is no such file. Make a key: openssl`,
    );
    expect(refusal({ privateKeyFile: dir })).toContain(`${dir}: a directory, expected a file`);
  });

  test('a file without permission to read it', () => {
    const file = written('x');
    chmodSync(file, 0);
    const told = asNobody(() => refusal({ privateKeyFile: file }));
    expect(told).toContain('not readable: permission denied');
  });
});

describe('the fingerprint of a key', () => {
  test('stays while the file stays, and changes with content, and with another file', () => {
    const file = written('one');
    const source = { privateKeyFile: file };
    const first = privateKeyFingerprint(source);
    expect(privateKeyFingerprint(source)).toBe(first);
    writeFileSync(file, 'two, longer');
    const second = privateKeyFingerprint(source);
    expect(second).not.toBe(first);
    renameSync(written('two, longer'), file);
    expect(privateKeyFingerprint(source)).not.toBe(second);
  });

  test('changes when a symbolic link is switched, as Kubernetes rotates a secret', () => {
    const dir = temporaryDirectory();
    const link = join(dir, 'key');
    symlinkSync(written('one'), link);
    const first = privateKeyFingerprint({ privateKeyFile: link });
    symlinkSync(written('one'), join(dir, 'next'));
    renameSync(join(dir, 'next'), link);
    expect(privateKeyFingerprint({ privateKeyFile: link })).not.toBe(first);
  });

  test('never fails: a missing file has one, and so has an inline key', () => {
    expect(privateKeyFingerprint({ privateKeyFile: '/no/such/file' })).toBe('unreadable');
    expect(privateKeyFingerprint({ privateKey: new Secret('x') })).toBe('inline');
  });
});
