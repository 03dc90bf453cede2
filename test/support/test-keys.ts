// Keys and certificates for tests, made at run time by the real openssl and never committed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface TestKey {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

const made = new Map<string, TestKey>();

/** A 2048-bit RSA key and its certificate; the same pair for the same name, within a process. */
export function makeTestKey(name = 'test'): TestKey {
  const known = made.get(name);
  if (known !== undefined) return known;
  const dir = mkdtempSync(join(tmpdir(), 'sf-auth-proxy-key-'));
  try {
    openssl(dir, 'req -x509 -sha256 -nodes -days 365 -newkey rsa:2048 -keyout key -out crt -subj', [
      `/CN=${name}`,
    ]);
    const key = {
      privateKeyPem: readFileSync(join(dir, 'key'), 'utf8'),
      certificatePem: readFileSync(join(dir, 'crt'), 'utf8'),
    };
    made.set(name, key);
    return key;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Runs `openssl` in `dir` with the words of `command`, then `more` as they are. */
export function openssl(dir: string, command: string, more: readonly string[] = []): void {
  const args = [...command.split(' '), ...more];
  const { status, stderr, error } = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${error ?? stderr}`);
}

/** For `describe.skipIf`: says so once, and is an error where CI would hide it. */
export function isOpensslMissing(): boolean {
  if (spawnSync('openssl', ['version']).status === 0) return false;
  if (process.env.CI === 'true') throw new Error('openssl is missing: the key tests cannot run');
  process.stderr.write('skipped: openssl is missing, so no keys can be made\n');
  return true;
}

/** A directory that goes away with the test. */
export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sf-auth-proxy-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
