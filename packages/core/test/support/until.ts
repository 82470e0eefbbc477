/** Resolves when the condition holds; rejects after a total deadline, told in milliseconds. */
export async function until(condition: () => boolean, deadlineMs = 5000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end)
      throw new Error(`the condition did not hold within ${deadlineMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
