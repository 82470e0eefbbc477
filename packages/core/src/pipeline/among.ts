/** The error itself or one of its causes; by name, so that the class of another copy of this package counts too. */
export function among(error: Error, { name }: { readonly name: string }): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    for (let type: unknown = at.constructor; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
      if (type.name === name) return true;
    }
  }
  return false;
}
