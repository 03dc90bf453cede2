// What `npm pack` makes is what people install: it must run without the sources and without any other package.
import { spawnSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { isMissing } from '../support/is-missing.ts';
import { spawnProxy } from '../support/spawn-proxy.ts';
import { temporaryDirectory } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.skipIf(isMissing('npm') || isMissing('tar'))(
  'the package runs by itself',
  { timeout: 300_000 },
  async () => {
    const { directory, files } = pack();
    for (const file of [
      'dist/cli.js',
      'dist/third-party-licenses.txt',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'config.example.yaml',
      'docs/set-up-salesforce.md',
    ])
      expect(files).toContain(file);
    expect(files.filter((file) => /^(src|test|node_modules)\//.test(file))).toEqual([]);

    const cli = join(directory, packageJson.bin['sf-auth-proxy']);
    const version = run(directory, process.execPath, [cli, '--version']);
    expect(version).toBe(`${packageJson.version}\n`);

    const demo = spawnProxy(['demo', '--listen', '127.0.0.1:0'], { cli });
    await waitFor(() => demo.stdout().includes('Ctrl-C') || demo.stderr() !== '', 'the demo');
    const answer = await fetch(`${await demo.address()}/services/data/v67.0/limits`);
    expect(answer.status).toBe(200);
    demo.process.kill('SIGINT');
    expect(await demo.exit()).toBe(0);
  },
);

/** Builds and packs a copy of the checkout, and unpacks it beside nothing. */
function pack(): { directory: string; files: string[] } {
  const copy = temporaryDirectory();
  for (const name of [
    ...packageJson.files,
    'package.json',
    'rolldown.config.ts',
    'src',
    'README.md',
  ]) {
    if (name !== 'dist') cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  cpSync(join(root, 'LICENSE'), join(copy, 'LICENSE'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const [packed] = JSON.parse(run(copy, 'npm', ['pack', '--json', '--silent']));

  const installed = temporaryDirectory();
  run(installed, 'tar', ['-xzf', join(copy, packed.filename)]);
  return {
    directory: join(installed, 'package'),
    files: packed.files.map(({ path }: { path: string }) => path),
  };
}

function run(cwd: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  return stdout;
}
