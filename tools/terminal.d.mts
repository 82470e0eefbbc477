/** What `terminal.mjs` offers to TypeScript. */
import type { styleText } from 'node:util';

export const isTerminal: boolean;

/** Coloured on a terminal, as it is elsewhere. */
export function paint(style: Parameters<typeof styleText>[0], text: string): string;

/** A green tick or a red cross. */
export function ok(held: boolean): string;

export function say(line?: string): void;

/** One line that is overwritten by the next; nothing where there is no terminal. */
export function progress(line: string): void;

/** Aligned columns under a head; columns of numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string;
