/** Cases that some machines cannot show. They are left out by name and reason, in the report of the run. */
import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';
import { AGENT } from './agent.js';

export const isRoot = process.getuid?.() === 0;
export const NOBODY = 65534;

type Case = (name: string, body: () => Promise<void>) => void;

// oxlint-disable jest/no-disabled-tests, jest/expect-expect, jest/valid-title -- these make tests, they are none
const unless =
  (reason: string | undefined): Case =>
  (name, body) => {
    if (reason === undefined) {
      test(name, body);
      return;
    }
    // a run of many files prints no names of cases
    process.stderr.write(`not run: ${name}: ${reason}\n`);
    test.skip(`${name}: not run, ${reason}`, body);
  };
// oxlint-enable

/** A fault that only root can make. */
export const testAsRoot = unless(isRoot ? undefined : 'only root can make this fault');

/** Root may write everywhere, so there another user has to try; that one must be able to run what is tried. */
export const testAsOtherUser = unless(
  !isRoot || spawnSync(process.execPath, ['--check', AGENT], { uid: NOBODY, gid: NOBODY, stdio: 'ignore' }).status === 0
    ? undefined
    : `user ${NOBODY} cannot run ${process.execPath} on ${AGENT}`,
);
