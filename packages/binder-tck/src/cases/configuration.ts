/** J: mistakes are told before anything is touched. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import {
  Component,
  EnableBinding,
  Header,
  MessageBuilder,
  MessageChannel,
  Resource,
  Sink,
  Source,
  StreamListener,
  isStreambindError,
  type Application,
  type Class,
} from '@streambind/core';
import type { BinderFactory } from '@streambind/core/binder';
import type { Case } from '../case.js';
import { asYaml } from '../child.js';
import type { CaseContext } from '../context.js';
import { ID_HEADER } from '../spi.js';
import { mistakes } from './mistakes.js';

function listener(): { readonly Listener: Class; readonly got: string[] } {
  const got: string[] = [];
  @Component()
  @EnableBinding(Sink)
  class Listener {
    @StreamListener(Sink.INPUT)
    on(@Header(ID_HEADER) id: string): void {
      got.push(id);
    }
  }
  return { Listener, got };
}

/** All errors of a start that has to fail. */
async function failures(start: Promise<unknown>): Promise<Error[]> {
  const error: unknown = await start.then(
    () => new Error('it started'),
    (reason: unknown) => reason,
  );
  return error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
}

/** What a start that succeeds complains of. */
async function warnings(start: Promise<Application>): Promise<string[]> {
  const application = await start;
  const told = application.environment.problems.map(
    ({ code, file, line, path, given, allowed, suggestion, message }) =>
      `${code} ${file}:${line} ${path} ${message} ${given ?? ''} ${allowed ?? ''} ${suggestion ?? ''}`,
  );
  await application.stop();
  return told;
}

export const configuration: readonly Case[] = [
  {
    id: 'J01',
    name: 'invalid-config',
    layer: 'APP',
    async run(t) {
      let created = 0;
      const counting: BinderFactory = {
        ...t.factory,
        create: (options, context) => {
          created++;
          return t.factory.create(options, context);
        },
      };
      const wrong: string[] = [];
      for (const mistake of mistakes(t.factory)) {
        const yaml = asYaml(t.properties()) + mistake.yaml;
        writeFileSync('application.yml', yaml);
        const line = yaml.slice(0, yaml.indexOf(mistake.at)).split('\n').length;
        const start = (): Promise<Application> =>
          t.run([listener().Listener, ...(mistake.components ?? [])], {}, {}, mistake.warned ? t.factory : counting);
        const told = mistake.warned
          ? await warnings(start())
          : (await failures(start())).map(
              (error) => `${isStreambindError(error) ? error.code : error.name} ${error.message}`,
            );
        const wanted = [
          mistake.code,
          ...(mistake.inFile === false ? [] : [`application.yml:${line}`]),
          ...mistake.says,
        ];
        const best = told.find((each) => wanted.every((part) => each.includes(part)));
        if (best === undefined)
          wrong.push(`${mistake.name}: expected ${wanted.join(' | ')}, was told:\n${told.join('\n')}`);
      }
      equal(wrong.length, 0, `\n${wrong.join('\n\n')}`);
      equal(created, 0, 'a binder was created before the mistake was told');
    },
  },
  {
    id: 'J03',
    name: 'topology-conflict',
    layer: 'SPI',
    async run(t) {
      const binder = await t.binder();
      const neighbour = await t.consume({ destination: `${t.destination}-other` }, binder);
      const { source, target, property, values, state } = await t.broker.conflict(t.destination, t.group);
      const before = await state();
      const error: unknown = await (target ? t.produce(target, binder) : t.consume(source, binder)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      ok(isStreambindError(error), `it came to ${String(error)}`);
      for (const value of values) match(error.message, new RegExp(`\\b${value}\\b`), 'both values are told');
      match(error.message, new RegExp(`\\b${property}\\b`), 'the property is told');
      equal((error.details.fix ?? '').split('; ').length, 3, `three ways out: ${error.details.fix}`);
      deepEqual(await state(), before, 'it changed what was there');
      await (await t.produce({ destination: `${t.destination}-other` }, binder)).send('neighbour');
      await t.settled('its neighbour goes on', () => neighbour.count > 0, 5000, 500);
      deepEqual(neighbour.faults, []);
    },
  },
  {
    id: 'J08',
    name: 'guarantee-check',
    layer: 'APP',
    async run(t) {
      const ofInput = t.broker.weakGuarantees('input').map((each) => ({ ...each, ...receiving(t) }));
      const ofOutput = (t.broker.weakOutputs?.('output') ?? []).map((each) => ({ ...each, ...sending(t) }));
      const all = [...ofInput, ...ofOutput];
      ok(all.length > 0, 'no configuration is weak');
      for (const { what, weak, cured, guarantee, start, works } of all) {
        const errors = await failures(start({ [guarantee]: 'at-least-once', ...weak }));
        deepEqual(
          errors.map((error) => (isStreambindError(error) ? error.code : error.message)),
          ['GUARANTEE'],
          what,
        );
        const [error] = errors;
        ok(isStreambindError(error) && (error.details.fix ?? '') !== '', 'the fix is told');
        await works(cured);
        await works({ ...weak, [guarantee]: 'at-most-once' });
      }
    },
  },
];

type Properties = Readonly<Record<string, string>>;

/** An application of which the guarantee of one binding is asked. */
interface Guaranteed {
  readonly guarantee: string;
  readonly start: (properties: Properties) => Promise<Application>;
  readonly works: (properties: Properties) => Promise<void>;
}

function receiving(t: CaseContext): Guaranteed {
  return {
    guarantee: 'spring.cloud.stream.bindings.input.consumer.guarantee',
    start: (properties) => t.run([listener().Listener], properties),
    works: async (properties) => {
      const { Listener, got } = listener();
      const application = await t.run([Listener], properties);
      await t.probe.publish(t.destination, [{ payload: Buffer.from('one'), headers: { [ID_HEADER]: 'one' } }]);
      await t.until('it works', () => got.length === 1);
      await application.stop();
    },
  };
}

function sending(t: CaseContext): Guaranteed {
  @Component()
  @EnableBinding(Source)
  class Sender {
    @Resource() readonly output!: MessageChannel;
  }
  const start = (properties: Properties): Promise<Application> => t.run([Sender], properties);
  return {
    guarantee: 'spring.cloud.stream.bindings.output.producer.guarantee',
    start,
    works: async (properties) => {
      const application = await start(properties);
      await application.get(Sender).output.send(MessageBuilder.withPayload('one').build());
      await application.stop();
    },
  };
}
