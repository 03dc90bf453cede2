// For `test.skipIf`: is a program that a test needs missing? Under CI a skip is a failure (no-skips.ts).
import { spawnSync } from 'node:child_process';

export function isMissing(program: string): boolean {
  if (spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0) return false;
  process.stderr.write(`skipped: ${program} is missing\n`);
  return true;
}
