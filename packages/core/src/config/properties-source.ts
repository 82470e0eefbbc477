/** Reads .properties files: `java.util.Properties` with Boot's document separators `#---` and `!---`, as UTF-8. */
import { DocumentBuilder, type ConfigDocument } from './documents.js';
import { parseKey } from './names.js';
import type { Report } from './problems.js';

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

export function readProperties(text: string, file: string, report: Report): ConfigDocument[] {
  const documents: ConfigDocument[] = [];
  let builder = new DocumentBuilder(file, report);
  const lines = text.split(/\r\n|\r|\n/);
  for (let index = 0; index < lines.length; index++) {
    const first = index;
    let line = lines[index]!;
    if (/^[#!]---\s*$/.test(line)) {
      documents.push(builder.build());
      builder = new DocumentBuilder(file, report);
      continue;
    }
    if (/^[ \t\f]*([#!]|$)/.test(line)) continue;
    while (continues(line) && index + 1 < lines.length) {
      line = line.slice(0, -1) + lines[++index]!.replace(/^[ \t\f]+/, '');
    }
    const indent = /^[ \t\f]*/.exec(line)![0].length;
    const end = keyEnd(line, indent);
    const valueStart = end + /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end))![0].length;
    const path = parseKey(unescape(line.slice(indent, end)), { line: first + 1, column: indent + 1 });
    const column = Math.min(valueStart, Math.max(lines[first]!.length - 1, 0)) + 1;
    if (path.length > 0) builder.add(path, unescape(line.slice(valueStart)), { line: first + 1, column });
  }
  documents.push(builder.build());
  return documents;
}

/** An odd number of backslashes at the end: the last one is not escaped itself. */
const continues = (line: string): boolean => /\\*$/.exec(line)![0].length % 2 === 1;

function keyEnd(line: string, start: number): number {
  let position = start;
  while (position < line.length && !/[=: \t\f]/.test(line[position]!)) position += line[position] === '\\' ? 2 : 1;
  return Math.min(position, line.length);
}

const unescape = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\(?:u([0-9a-fA-F]{4})|(.)|$)/gs, (_, code: string | undefined, char: string | undefined) =>
        code === undefined ? (ESCAPES[char ?? ''] ?? char ?? '') : String.fromCharCode(parseInt(code, 16)),
      )
    : text;
