/** What was played, as aligned tables. */
import { table } from '../../../../tools/terminal.mjs';
import type { Outcome } from './play.js';

/** Characters that a header's value is shown with. */
const WIDEST = 22;

export function report(outcomes: readonly Outcome[]): string {
  const seconds = (times: readonly number[]): string => times.map((ms) => (ms / 1000).toFixed(2)).join('  ');
  const plays = table(
    ['binder', 'broker', 'bad invoice, at s', 'good one behind it, at s', 'the dead letter lies in', 'left'],
    outcomes.map(({ type, title, attempts, next, deadLetterName, left }) => [
      type,
      title,
      seconds(attempts),
      seconds(next),
      deadLetterName,
      left,
    ]),
  );
  const letters = outcomes.map(({ deadLetters }) => deadLetters[0]?.headers ?? {});
  const names = [...new Set(letters.flatMap((headers) => Object.keys(headers)))].toSorted();
  const headers = table(
    ['header of the dead letter', ...outcomes.map(({ type }) => type)],
    names.map((name) => [name, ...letters.map((letter) => shown(letter[name]))]),
  );
  return `${plays}\n\n${headers}`;
}

function shown(value: string | undefined): string {
  if (value === undefined) return '';
  const [line = ''] = value.split('\n');
  return line.length <= WIDEST && line === value ? value : `${line.slice(0, WIDEST - 1)}…`;
}
