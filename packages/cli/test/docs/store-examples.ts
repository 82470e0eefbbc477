/** The situations of the embedded store and of the web server. */
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { binderFactory } from '@streambind/binder-embedded';
import { StreambindError, type Class, type ErrorCode } from '@streambind/core';
import type { BinderContext } from '@streambind/core/binder';
import { Logging, loadEnvironment } from '@streambind/core/internal';
import { GetMapping, RestController, streambindModule } from '@streambind/web';
import { failureOf, type Failure } from '../../../binder-embedded/src/store/failure.js';
import { openStore } from '../../../binder-embedded/src/store/schema.js';
import { folderWith } from '../files.js';
import type { Situation } from './error-examples.js';
import { errorsOf } from './rig.js';

const logging = new Logging({ levels: { root: 'OFF' } });
const context: BinderContext = {
  name: 'embedded',
  log: logging.logger('binder'),
  report: () => {},
  recovered: () => {},
};

/** As the worker's failures reach the application. */
const told = ({ code, message, details }: Failure): StreambindError => new StreambindError(code, message, details);

const thrownBy = (task: () => unknown): Situation => {
  return async () => (await errorsOf(Promise.resolve().then(task))).map((error) => told(error as Failure));
};

/** What opening the store comes to in a directory that was spoilt. */
const opened = (spoil: (directory: string) => void): Situation =>
  thrownBy(() => {
    const directory = folderWith({});
    chmodSync(directory, 0o700);
    spoil(directory);
    openStore(directory).close();
  });

/** What the store makes of an error of the operating system or of SQLite. */
const refused = (message: string, codes: { readonly code?: string; readonly errcode?: number }): Situation =>
  thrownBy(() => {
    throw failureOf(Object.assign(new Error(message), codes), '/var/lib/orders');
  });

/** A process whose lease ran out: others have removed it from the members of the store. */
const fenced: Situation = async () => {
  const directory = folderWith({});
  chmodSync(directory, 0o700);
  const binder = await binderFactory.create({ directory, durable: false, lease: 300, keep: 0 }, context);
  try {
    const source = { binding: 'input', destinations: ['orders'], group: 'billing', concurrency: 1, prefetch: 1 };
    let tell!: (error: Error) => void;
    const fault = new Promise<Error>((resolve, reject) => {
      tell = resolve;
      setTimeout(() => reject(new Error('the member was not told within 4 s')), 4000).unref();
    });
    const sink = { deliver: () => ({ kind: 'ack' }) as const, fault: tell };
    await binder.bindConsumer(
      { ...source, ordered: false, provision: 'create', options: { acknowledgeMode: 'auto' } },
      sink,
    );
    const others = openStore(directory);
    others.exec('DELETE FROM claim; DELETE FROM consumer; DELETE FROM member');
    others.close();
    return [await fault];
  } finally {
    await binder.close();
  }
};

/** What an output comes to in a directory. */
const sending =
  (spoil: (directory: string) => void, payload = Buffer.alloc(0)): Situation =>
  async () => {
    const directory = folderWith({});
    chmodSync(directory, 0o700);
    spoil(directory);
    const binder = await binderFactory.create({ directory, durable: false, lease: 30_000, keep: 0 }, context);
    const target = { binding: 'output', destination: 'orders', requiredGroups: [], provision: 'create' } as const;
    try {
      const send = async (): Promise<void> =>
        (await binder.bindProducer({ ...target, options: {} })).send({ payload, headers: {} });
      return await errorsOf(send());
    } finally {
      await binder.close();
    }
  };

const noDriver: Situation = async () => {
  const require = (name: string): never => {
    throw new Error(`Cannot find module '${name}'`);
  };
  jest.unstable_mockModule('node:module', () => ({ createRequire: () => require }));
  jest.resetModules();
  const { openRaw } = await import('../../../binder-embedded/src/store/driver.js');
  return thrownBy(() => openRaw(':memory:'))();
};

/** What the start of the web server comes to. */
const serve = (controllers: readonly Class[], properties: readonly string[]): Promise<readonly unknown[]> => {
  const environment = loadEnvironment({ directories: [], args: properties, env: {} });
  return errorsOf(
    streambindModule.start({
      environment,
      log: (name) => logging.logger(name),
      options: (prefix, schema) => environment.options(schema, prefix),
      components: () => controllers.map((type) => ({ type, name: type.name, instance: {} })),
    }),
  );
};

const portInUse: Situation = async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    return await serve([], ['--server.address=127.0.0.1', `--server.port=${port}`]);
  } finally {
    other.close();
  }
};

const sameRoute: Situation = () => {
  @RestController()
  class OrderController {
    @GetMapping('/orders/{id}')
    one(): void {}

    @GetMapping('/orders/{number}')
    other(): void {}
  }
  return serve([OrderController], ['--server.port=0']);
};

export const STORE_AND_WEB_EXAMPLES = {
  PAYLOAD_TOO_LARGE: sending(() => {}, Buffer.alloc(binderFactory.capabilities.maxPayload + 1)),
  BROKER_UNAVAILABLE: refused('database is locked', { code: 'ERR_SQLITE_ERROR', errcode: 5 }),
  BROKER_FULL: refused('ENOSPC: no space left on device, write', { code: 'ENOSPC' }),
  STORE_INSECURE: opened((directory) => chmodSync(directory, 0o777)),
  STORE_READ_ONLY: refused('EROFS: read-only file system, open', { code: 'EROFS' }),
  STORE_DAMAGED: sending((directory) => writeFileSync(join(directory, 'broker.db'), 'x'.repeat(4096))),
  STORE_VERSION: opened((directory) => {
    const database = openStore(directory);
    database.exec('PRAGMA user_version=99');
    database.close();
  }),
  STORE_DRIVER: noDriver,
  FENCED: fenced,
  PORT_IN_USE: portInUse,
  WEB_ROUTE: sameRoute,
  START_FAILED: () => serve([], ['--server.address=192.0.2.1', '--server.port=8080']),
  INTERNAL: refused('the sky fell', {}),
} satisfies Partial<Record<ErrorCode, Situation>>;
