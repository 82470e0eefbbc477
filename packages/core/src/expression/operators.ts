import { Failure } from './failure.js';
import { kindOf, nameOf, textOf } from './values.js';

export type Arithmetic = '+' | '-' | '*' | '/' | '%';

/**
 * Numbers as in Java, with two differences that JavaScript's numbers force: a number without fraction counts as an
 * integer unless a real literal takes part (`5 / 2` is 2, `5 / 2.0` is 2.5), and integers do not wrap at 32 bits.
 * @param real a real literal takes part
 */
export function arithmetic(sign: Arithmetic, left: unknown, right: unknown, real: boolean, at: number): unknown {
  if (typeof left === 'number' && typeof right === 'number') return ofNumbers(sign, left, right, real, at);
  if (kindOf(left) === 'number' && kindOf(right) === 'number') {
    return ofLongs(sign, left as number | bigint, right as number | bigint, real, at);
  }
  if (sign === '+' && (typeof left === 'string' || typeof right === 'string')) {
    return textOf(left, at) + textOf(right, at);
  }
  // SpEL's arithmetic on one character: 'd' - 3 is 'a'
  if (sign === '-' && typeof left === 'string' && left.length === 1 && typeof right === 'number') {
    return String.fromCharCode(left.charCodeAt(0) - right);
  }
  throw new Failure(`${sign} takes no ${nameOf(left)} and ${nameOf(right)}`.replaceAll('no a ', 'no '), at);
}

function ofNumbers(sign: Arithmetic, left: number, right: number, real: boolean, at: number): number {
  switch (sign) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
  }
  const integers = !real && Number.isInteger(left) && Number.isInteger(right);
  if (integers && right === 0) throw new Failure('Division by zero', at);
  const result = sign === '%' ? left % right : integers ? Math.trunc(left / right) : left / right;
  return result + 0; // an integer has no -0
}

function ofLongs(sign: Arithmetic, left: number | bigint, right: number | bigint, real: boolean, at: number): unknown {
  const fraction = (value: number | bigint): boolean => typeof value === 'number' && !Number.isInteger(value);
  if (real || fraction(left) || fraction(right)) return ofNumbers(sign, Number(left), Number(right), true, at);
  const a = BigInt(left);
  const b = BigInt(right);
  if (b === 0n && (sign === '/' || sign === '%')) throw new Failure('Division by zero', at);
  const result = sign === '+' ? a + b : sign === '-' ? a - b : sign === '*' ? a * b : sign === '/' ? a / b : a % b;
  return BigInt.asIntN(64, result);
}

export function negate(value: unknown, at: number): unknown {
  if (typeof value === 'number') return 0 - value;
  if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
  throw new Failure(`- takes a number, not ${nameOf(value)}`, at);
}

const TRUE = /^(?:true|on|yes|1)$/i;
const FALSE = /^(?:false|off|no|0)$/i;

/** A boolean, or one of the words that Spring's conversion takes for one: true on yes 1, false off no 0. */
export function booleanOf(value: unknown, at: number): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    const word = value.trim();
    if (TRUE.test(word)) return true;
    if (FALSE.test(word)) return false;
  }
  throw new Failure(`A boolean is needed here, not ${nameOf(value)}`, at);
}
