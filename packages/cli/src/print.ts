/** What was found, for people: a table of the bindings, each value above its place, then the problems. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { describeProblem, type InspectedBinding, type Inspection, type Problem } from '@streambind/core/internal';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

export function printInspection({ profiles, bindings, problems }: Inspection, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const blocks = [
    profiles.length > 0 ? `Profiles: ${profiles.join(', ')}` : '',
    bindings.length > 0 ? table(bindings, paint) : 'No bindings are configured.',
    ...problems.map((problem) => printProblem(problem, paint)),
    summary(problems, paint),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const HEAD = ['binding', 'destination', 'group', 'binder', 'content type'];

function table(bindings: readonly InspectedBinding[], paint: Paint): string {
  const rows = bindings.flatMap((binding) => {
    const { name, direction, destination, group, binder, type, contentType, origins } = binding;
    const arrow = direction === undefined ? '' : direction === 'input' ? ' ←' : ' →';
    const place = (value: keyof typeof origins): string => paint('dim', origins[value]?.text ?? 'default');
    return [
      [
        `${paint('bold', name)}${arrow}`,
        destination,
        group ?? (direction === 'output' ? '' : 'anonymous'),
        binder === undefined ? paint('red', 'none') : binder === type ? binder : `${binder} (${type})`,
        contentType,
      ],
      [
        '',
        place('destination'),
        group === undefined ? '' : place('group'),
        binder === undefined ? '' : place('binder'),
        place('contentType'),
      ],
    ];
  });
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => width(row[column]!))));
  const line = (left: string, middle: string, right: string): string =>
    paint('dim', left + widths.map((count) => '─'.repeat(count + 2)).join(middle) + right);
  const bar = paint('dim', '│');
  const print = (cells: readonly string[]): string =>
    `${bar} ${cells.map((cell, column) => cell + ' '.repeat(widths[column]! - width(cell))).join(` ${bar} `)} ${bar}`;
  return [
    line('┌', '┬', '┐'),
    print(HEAD.map((title) => paint('bold', title))),
    line('├', '┼', '┤'),
    ...rows.map(print),
    line('└', '┴', '┘'),
  ].join('\n');
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

/** Columns on a screen: what East Asian scripts write takes two. */
function width(text: string): number {
  const plain = stripVTControlCharacters(text);
  return plain.length + (plain.match(WIDE)?.length ?? 0);
}

function printProblem(problem: Problem, paint: Paint): string {
  const { severity, code } = problem;
  const [first, ...rest] = describeProblem(problem).split('\n');
  const marked = first!.replace(
    `${severity} ${code}`,
    paint(severity === 'error' ? 'red' : 'yellow', `${severity} ${code}`),
  );
  return [marked, ...rest].join('\n');
}

function summary(problems: readonly Problem[], paint: Paint): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  if (problems.length === 0) return paint('green', 'No problems.');
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  return paint(errors > 0 ? 'red' : 'yellow', `${count(errors, 'error')}, ${count(warnings, 'warning')}`);
}
