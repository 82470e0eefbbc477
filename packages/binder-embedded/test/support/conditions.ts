/** Cases that some machines cannot show. They are left out by name and reason, in the report of the run. */
import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';

export const isRoot = process.getuid?.() === 0;
export const NOBODY = 65534;

/** `test`, or with a reason a case that is reported as not run, and why. */
export const testUnless =
  (reason: string | undefined) =>
  (name: string, body: () => Promise<void>): void => {
    if (reason === undefined) test(name, body);
    else test.skip(`${name}: not run, ${reason}`, body);
  };

export const unlessRoot = isRoot ? undefined : 'only root can make this fault';

/** Root may write everywhere, so there another user has to try; that one must be able to run what is tried. */
export function unlessOtherUserRuns(script: string): string | undefined {
  if (!isRoot) return undefined;
  const { status } = spawnSync(process.execPath, ['--check', script], { uid: NOBODY, gid: NOBODY, stdio: 'ignore' });
  return status === 0 ? undefined : `user ${NOBODY} cannot run ${process.execPath} on ${script}`;
}
