// What a process and its descendants have used, by the accounts of the operating system.
import { readdirSync, writeFileSync } from 'node:fs';
import { processTree, readIfThere, readStat } from './process-tree.ts';

/** Of USER_HZ, which is 100 wherever Linux runs Node.js: proc_pid_stat(5). */
const tickUs = 10_000;

/** Of one process and its descendants. */
export interface ProcessUsage {
  /** CPU time, user and system, since the start. */
  cpuUs(): number;
  /** The most memory that was resident at a time since `resetPeak`. */
  peakBytes(): number;
  resetPeak(): void;
}

export function usageOf(pid: number): ProcessUsage {
  return {
    cpuUs: () => readCpuUs(pid),
    peakBytes: () => sumOver(pid, (one) => readStatusBytes(one, 'VmHWM')),
    resetPeak: () => resetPeakMemory(pid),
  };
}

export function readResidentBytes(pid: number): number {
  return sumOver(pid, (one) => readStatusBytes(one, 'VmRSS'));
}

function readCpuUs(pid: number): number {
  return sumOver(pid, (one) => readScheduledUs(one) ?? readTicksUs(one));
}

function resetPeakMemory(pid: number): void {
  for (const one of processTree(pid)) {
    try {
      writeFileSync(`/proc/${one}/clear_refs`, '5');
    } catch {
      // Not permitted everywhere: then it is the peak since the start.
    }
  }
}

/** To the nanosecond, where the kernel keeps it: the sum over the threads. */
function readScheduledUs(pid: number): number | undefined {
  let sumNs = 0;
  for (const thread of threadsOf(pid)) {
    const text = readIfThere(`/proc/${pid}/task/${thread}/schedstat`);
    if (text === undefined) continue;
    sumNs += Number(text.split(' ')[0]);
  }
  return sumNs === 0 ? undefined : sumNs / 1000;
}

function readTicksUs(pid: number): number {
  const stat = readStat(pid);
  // utime and stime, fields 14 and 15.
  return stat ? (Number(stat[11]) + Number(stat[12])) * tickUs : 0;
}

function readStatusBytes(pid: number, field: string): number {
  const status = readIfThere(`/proc/${pid}/status`) ?? '';
  const [, kib = 0] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
  return Number(kib) * 1024;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function sumOver(pid: number, read: (pid: number) => number): number {
  return processTree(pid).reduce((sum, one) => sum + read(one), 0);
}
