// Which state of the sources is measured.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** As git names it; `-dirty` where files differ from it. Undefined without git. */
export async function readCommit(): Promise<string | undefined> {
  try {
    const args = ['describe', '--always', '--dirty', '--exclude', '*'];
    const { stdout } = await promisify(execFile)('git', args, { cwd: root });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
