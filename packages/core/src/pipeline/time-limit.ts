/** Rejects with `expired()` when it takes longer; what it comes to after that is ignored. */
export function withinTime<T>(running: Promise<T>, ms: number, expired: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(expired()), ms);
    running.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
