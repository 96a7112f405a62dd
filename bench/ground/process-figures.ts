import { readFileSync, writeFileSync } from 'node:fs';

// USER_HZ, in which the kernel shows times, is 100 on every architecture that Node runs on (proc(5)).
const ticksPerSecond = 100;

/** Processor time of a process with all its threads, user and system, in seconds. */
export function cpuSeconds(pid: number): number {
  return ticksOf(pid, 11, 2) / ticksPerSecond;
}

/** The same with all the programs that it has started and that have ended. */
export function cpuSecondsOfAll(pid: number): number {
  return ticksOf(pid, 11, 4) / ticksPerSecond;
}

/** Memory in RAM now, in bytes. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most memory in RAM since `resetPeak`, in bytes: the kernel's own mark, so nothing falls between two samples. */
export function peakResidentBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** How many files and sockets this process may have open; the programs it starts inherit it. */
export function openFilesAllowed(): number {
  const [, soft = '0'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Number(soft);
}

/** The sum of some fields that stand together, counted behind the program's name. */
function ticksOf(pid: number, first: number, count: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name is in brackets, and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(first, first + count).reduce((sum, field) => sum + Number(field), 0);
}

function statusBytes(pid: number, field: string): number {
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`process ${pid} has no ${field}; it has ended`);
  return Number(kibibytes) * 1024;
}
