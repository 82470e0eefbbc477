/**
 * Thrown by a step or a listener: not now. The message is given back and comes again after `delayMs`; nothing has failed,
 * so no attempt is counted.
 */
export class Postponed extends Error {
  override readonly name: string = 'Postponed';

  constructor(
    message: string,
    readonly delayMs: number,
  ) {
    super(message);
  }
}
