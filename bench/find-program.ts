// A program of this machine, by its name. Servers are often in directories that only root has on its PATH.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const moreDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/go/bin'];

export function findProgram(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...moreDirectories];
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
