import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { directoryFor } from './support/config-file.ts';
import { spawnProxy } from './support/spawn-proxy.ts';
import { startOrg } from './support/start-org.ts';
import { waitFor } from './support/wait-for.ts';

async function run(args: readonly string[]) {
  const program = spawnProxy(args);
  const code = await program.exit();
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

describe('what is asked of the program itself', () => {
  test('--version is the version of the package', async () => {
    expect(await run(['--version'])).toEqual({
      code: 0,
      stdout: `${packageJson.version}\n`,
      stderr: '',
    });
  });

  test('--help names every command', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'demo', 'check']) expect(stdout).toContain(`\n  ${command} `);
  });

  test('no command: the help, as an error', async () => {
    const { code, stdout, stderr } = await run([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: sf-auth-proxy');
  });
});

describe('a wrong command line is one clear line and exit code 2', () => {
  test.for([
    ['an unknown command', ['server'], "unknown command 'server' (Did you mean serve?)"],
    ['an unknown option', ['serve', '--lisen', 'x'], "unknown option '--lisen'"],
    ['an option without its value', ['serve', '--config'], "'--config <file>' argument missing"],
    ['too much', ['demo', 'now'], "too many arguments for 'demo'"],
    ['an address without a host', ['serve', '--listen', ':8080'], 'expected host:port'],
    ['no address at all', ['demo', '--listen', 'here'], 'such as 127.0.0.1:8080'],
  ] as const)('%s', async ([, args, expected]) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(expected);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
  });
});

describe('serve', () => {
  test('writes nothing but log lines to stdout, and ends with 0 on SIGTERM', async () => {
    const cwd = directoryFor(await startOrg());
    const proxy = spawnProxy(['serve'], { cwd });
    const url = await proxy.address();
    expect((await fetch(`${url}/services/data/v67.0/limits`)).status).toBe(200);
    await waitFor(() => proxy.stdout().includes('/limits'), 'the line of the request');
    proxy.process.kill('SIGTERM');
    expect(await proxy.exit()).toBe(0);
    const lines = proxy.stdout().trimEnd().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('level');
    expect(proxy.stdout()).toContain('SIGTERM: ');
    expect(proxy.stderr()).toBe('');
  });

  test('--listen wins over the configuration', async () => {
    const cwd = directoryFor(await startOrg(), { config: { listen: '127.0.0.1:1' } });
    const proxy = spawnProxy(['serve', '--listen', '[::1]:0'], { cwd });
    expect(await proxy.address()).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test('an address in use is one line that says how to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await waitFor(() => other.listening, 'the other server');
    const { port } = other.address() as AddressInfo;
    const cwd = directoryFor(await startOrg());
    const proxy = spawnProxy(['serve', '--listen', `127.0.0.1:${port}`], { cwd });
    expect(await proxy.exit()).toBe(1);
    expect(proxy.stderr()).toBe(
      `Cannot listen on 127.0.0.1:${port}: it is in use. Choose another with --listen, for example --listen 127.0.0.1:0 for any free port.\n`,
    );
  });
});
