// A process and all that descend from it, as /proc has them (proc_pid_stat(5)).
import { readdirSync, readFileSync } from 'node:fs';

export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? readStat(pid)?.[1] : undefined;
    if (parent === undefined) continue;
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** The fields from the third on (state, parent, ...); undefined where there is no such process any more. */
export function readStat(pid: number): string[] | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  // The name before them is in parentheses, and may itself hold spaces and parentheses.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
