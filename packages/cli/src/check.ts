/** `streambind check`. All reading and judging is core's. */
import { inspectConfiguration, type Inspection, type InspectedBinding } from '@streambind/core/internal';
import { printInspection } from './print.js';
import type { Surroundings } from './run.js';

export interface CheckOptions {
  /** Files or folders; none: the places where an application looks. */
  readonly files: readonly string[];
  readonly profiles: readonly string[];
  readonly json: boolean;
}

/** @returns 0 without an error, else 1 */
export async function check({ files, profiles, json }: CheckOptions, process: Surroundings): Promise<number> {
  const inspection = await inspectConfiguration({
    directory: process.cwd(),
    args: [
      ...files.map((file) => `--spring.config.location=${file}`),
      ...(profiles.length > 0 ? [`--spring.profiles.active=${profiles.join(',')}`] : []),
    ],
    env: process.env,
  });
  const colour = process.stdout.isTTY === true && !process.env['NO_COLOR'];
  process.stdout.write(json ? toJson(inspection) : printInspection(inspection, colour));
  return inspection.problems.some(({ severity }) => severity === 'error') ? 1 : 0;
}

const toJson = ({ bindings, problems }: Inspection): string =>
  `${JSON.stringify({ bindings: bindings.map(flatten), problems }, null, 2)}\n`;

/** Origins as people read them. */
const flatten = ({ origins, ...binding }: InspectedBinding): object => ({
  ...binding,
  origins: Object.fromEntries(Object.entries(origins).map(([value, { text }]) => [value, text])),
});
