/** The commands and their arguments. */
import { parseArgs } from 'node:util';
import { check, type CheckOptions } from './check.js';

const USAGE = `streambind check [files…] [--profile name]… [--json]

  Reads a configuration as an application would, without a broker and without the application's code: every binding,
  where each of its values stands, and every problem. Without files: what an application started in this folder reads.

  --profile name   a profile in force; may be repeated, the last one wins
  --json           {bindings: […], problems: […]} instead of a table

  Exit code 0: no error (there may be warnings). 1: errors. 2: the command itself is wrong.
`;

/** What a command needs of its process. */
export interface Surroundings {
  cwd(): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
}

/** @returns the exit code */
export async function run(args: readonly string[], process: Surroundings): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || /^(help|-h|--help)$/.test(command)) {
    process.stdout.write(USAGE);
    return command === undefined ? 2 : 0;
  }
  const refuse = (reason: string): number => {
    process.stderr.write(`${reason}\n\n${USAGE}`);
    return 2;
  };
  if (command !== 'check') return refuse(`There is no command "${command}".`);
  let options: CheckOptions;
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        profile: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
    });
    options = { files: positionals, profiles: values.profile, json: values.json };
  } catch (error) {
    return refuse((error as Error).message);
  }
  return check(options, process);
}
