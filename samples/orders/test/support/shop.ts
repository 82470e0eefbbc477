/** The three services of one shop: processes that meet at a destination of their own. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AppProcess, LIMIT_MS, ROOT, type Exit } from '../../../../packages/core/test/process/harness.js';

export type Service = 'order-service' | 'points-service' | 'push-service';

export class Shop {
  readonly destination = `ordermq-${randomUUID()}`;

  /** @param environment variables that lead the services to the broker */
  constructor(
    readonly type: string,
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  start(service: Service, ...args: string[]): AppProcess {
    const cwd = join(ROOT, 'samples/orders');
    const bindings = ['orders', 'points', 'push'];
    return new AppProcess(join(cwd, 'dist', service, 'main.js'), undefined, {
      cwd,
      env: this.environment,
      args: [
        `--spring.cloud.stream.binders.shop.type=${this.type}`,
        ...bindings.map((binding) => `--spring.cloud.stream.bindings.${binding}.destination=${this.destination}`),
        ...args,
      ],
    });
  }

  /** Two that have started. */
  async twoOf(service: Service, ...args: string[]): Promise<[AppProcess, AppProcess]> {
    const both: [AppProcess, AppProcess] = [this.start(service, ...args), this.start(service, ...args)];
    await Promise.all(both.map((instance) => instance.started()));
    return both;
  }

  /** @returns how the order service ended: the orders are confirmed when that is 0 */
  place(count: number): Promise<Exit> {
    return this.start('order-service', `--count=${count}`).ended(LIMIT_MS);
  }
}

/** The numbers that the order service gives to so many orders. */
export const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(10_001 + n));

/** Numbers of the orders that the instances of a service have printed, sorted. */
export const seenBy = (...instances: AppProcess[]): string[] =>
  instances.flatMap(({ out }) => out.map((line) => /^order (\d+): /.exec(line)![1]!)).toSorted();

/** Exit codes of orderly stops. */
export const stop = (...apps: AppProcess[]): Promise<(number | null)[]> =>
  Promise.all(apps.map(async (app) => (await app.kill('SIGTERM')).code));
