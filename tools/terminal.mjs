/** What the repository's commands show: colour and moving lines on a terminal, plain lines anywhere else. */
import { stripVTControlCharacters, styleText } from 'node:util';

export const isTerminal = process.stdout.isTTY === true && !process.env.NO_COLOR;

/** @param {Parameters<typeof styleText>[0]} style @param {string} text */
export const paint = (style, text) => (isTerminal ? styleText(style, text) : text);

export const ok = (held) => (held ? paint('green', '✓') : paint('red', '✗'));

export function say(line = '') {
  clearProgress();
  process.stdout.write(`${line}\n`);
}

let progressShown = false;

/** One line that is overwritten by the next; nothing where there is no terminal. */
export function progress(line) {
  if (!isTerminal) return;
  process.stdout.write(`\r\u001b[2K${line}`);
  progressShown = true;
}

function clearProgress() {
  if (!progressShown) return;
  process.stdout.write('\r\u001b[2K');
  progressShown = false;
}

/** The width on screen of text without control characters other than colour. */
const width = (text) => stripVTControlCharacters(text).length;

/**
 * Aligned columns under a head; numbers to the right.
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
export function table(head, rows) {
  const cells = rows.map((row) => row.map(String));
  const widths = head.map((title, column) => Math.max(width(title), ...cells.map((row) => width(row[column] ?? ''))));
  const toTheRight = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const fill = (text, column) => {
    const blanks = ' '.repeat(widths[column] - width(text));
    return toTheRight[column] ? blanks + text : text + blanks;
  };
  const line = (left, middle, right) => paint('dim', left + widths.map((w) => '─'.repeat(w + 2)).join(middle) + right);
  const bar = paint('dim', '│');
  const row = (texts) => `${bar} ${texts.map(fill).join(` ${bar} `)} ${bar}`;
  return [
    line('┌', '┬', '┐'),
    row(head.map((title) => paint('bold', title))),
    line('├', '┼', '┤'),
    ...cells.map(row),
    line('└', '┴', '┘'),
  ].join('\n');
}
