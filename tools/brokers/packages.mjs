/** Brokers from Debian's packages, installed only by a continuous integration run that may do so. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { inPath } from './process.mjs';
import { exclusively } from './state.mjs';

/** Whether the rig may install packages here: root on Debian, and `CI` is set. */
export const mayInstall = () => Boolean(process.env.CI) && process.getuid?.() === 0 && inPath('apt-get') !== undefined;

/**
 * @param {string[]} names of packages
 * @param {(line: string) => void} tell what is being done
 */
export const install = (names, tell) =>
  exclusively('packages', async () => {
    // "do not start services": the rig starts its own, and the default ports stay free for whoever wants them
    const policy = '/usr/sbin/policy-rc.d';
    const ours = !existsSync(policy);
    if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      tell('apt-get update …');
      apt(['update']);
      tell(`apt-get install ${names.join(' ')} …`);
      apt(['install', '-y', '--no-install-recommends', ...names]);
    } finally {
      if (ours) rmSync(policy);
    }
  });

function apt(args) {
  const { status, stdout, stderr } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed:\n${stderr.trim() || stdout.trim()}`);
}
