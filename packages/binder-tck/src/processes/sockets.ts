/** Which ports a process is connected to, as the system tells it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

const ESTABLISHED = '01';

/** Of its TCP connections over IPv4. */
export const remotePorts = (pid: number): ReadonlySet<number> =>
  new Set(existsSync('/proc/net/tcp') ? fromProc(pid) : fromLsof(pid));

function fromProc(pid: number): number[] {
  const inodes = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`)) ?? [];
    if (inode !== undefined) inodes.add(inode);
  }
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === ESTABLISHED && inodes.has(inode ?? ''))
    .map(([, , remote = '']) => Number.parseInt(remote.slice(remote.indexOf(':') + 1), 16));
}

/** A descriptor may have been closed since it was listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function fromLsof(pid: number): number[] {
  const lines = execFileSync('lsof', ['-nP', '-a', '-p', String(pid), '-iTCP', '-sTCP:ESTABLISHED', '-Fn'], {
    encoding: 'utf8',
  });
  return [...lines.matchAll(/->.*:(\d+)$/gm)].map(([, port]) => Number(port));
}
