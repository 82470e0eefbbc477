/** What the applications under test have in common: names of headers, and somebody who watches them from inside. */
import type { Application } from '@streambind/core';
import type { Health, Ledger } from '../records.js';

export const ID = 'fault-id';
export const KEY = 'fault-key';
export const POISON = 'fault-poison';

const LOOK_MS = 100;
const WEIGH_MS = 1000;

/** Notes each change of the application's health and, now and then, what it holds. */
export function watch(application: Application, ledger: Ledger): void {
  let last: Omit<Health, 'event'> | undefined;
  const look = async (): Promise<void> => {
    const { liveness, readiness } = await application.health();
    if (liveness === last?.liveness && readiness === last.readiness) return;
    last = { liveness, readiness };
    ledger.write({ event: 'health', ...last });
  };
  const weigh = (): void => {
    const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    ledger.write({ event: 'resources', rssMB: process.memoryUsage.rss() / 1e6, sockets });
  };
  setInterval(() => void look(), LOOK_MS).unref();
  setInterval(weigh, WEIGH_MS).unref();
}

/** An application does not outlive the run that started it. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(1));
  process.channel?.unref();
}
