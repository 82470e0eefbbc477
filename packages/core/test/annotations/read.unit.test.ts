import { describe, expect, test } from '@jest/globals';
import {
  Autowired,
  Bean,
  BootApplication,
  Component,
  EnableBinding,
  Header,
  Message,
  MessageChannel,
  Payload,
  PollableMessageSource,
  PostConstruct,
  Primary,
  Processor,
  Profile,
  Qualifier,
  Resource,
  SendTo,
  Sink,
  StreamListener,
  Value,
} from '@streambind/core';
import { annotationsOf, recordOf, usableType } from '@streambind/core/internal';
import { decapitalize, readChannels, readComponent } from '../../src/annotations/index.js';

abstract class Port {}

class Base {
  @Resource() readonly inherited!: Port;
  @PostConstruct() init(): void {}
}

@Component()
@EnableBinding(Sink)
@Primary()
@Profile('a', '!b')
class Whole extends Base {
  @Autowired({ required: false }) readonly optional!: Port;
  @Resource('chosen') readonly named!: Port;
  @Autowired() @Qualifier('qualified') readonly qualified!: Port;
  @Value('${x:1}') readonly value!: number;

  constructor(
    readonly port: Port,
    @Qualifier('clock') readonly clock: object,
  ) {
    super();
  }

  @StreamListener({ target: Sink.INPUT, condition: 'true', copyHeaders: false })
  @SendTo('out')
  on(@Payload() body: string, @Header({ name: 'h', defaultValue: 1 }) header: number, message: Message): string {
    return `${body}${header}${String(message.payload)}`;
  }

  @Bean('made') make(): Port {
    return {};
  }
}

test('a component is read with what its base class says', () => {
  const read = readComponent(Whole);
  expect(read).toMatchObject({
    name: 'whole',
    primary: true,
    profiles: ['a', '!b'],
    postConstruct: ['init'],
    bindables: [Sink],
  });
  expect(read.file).toMatch(/read\.unit\.test\.ts$/);
  expect(
    read.fields.map(({ field, name, named, first, required, type, value }) => ({
      field,
      name,
      named,
      first,
      required,
      type,
      value,
    })),
  ).toEqual([
    {
      field: 'inherited',
      name: 'inherited',
      named: false,
      first: 'name',
      required: true,
      type: Port,
      value: undefined,
    },
    { field: 'optional', name: 'optional', named: false, first: 'type', required: false, type: Port, value: undefined },
    { field: 'named', name: 'chosen', named: true, first: 'name', required: true, type: Port, value: undefined },
    { field: 'qualified', name: 'qualified', named: true, first: 'name', required: true, type: Port, value: undefined },
    { field: 'value', name: 'value', named: false, first: 'type', required: true, type: undefined, value: '${x:1}' },
  ]);
  expect(read.constructorParameters.map(({ name, type }) => ({ name, type }))).toEqual([
    { name: undefined, type: Port },
    { name: 'clock', type: undefined },
  ]);
  expect(read.beans).toMatchObject([{ method: 'make', name: 'made', type: Port }]);
});

test('a listener is read with its parameters', () => {
  const [listener] = readComponent(Whole).listeners;
  expect(listener).toMatchObject({
    at: 'Whole.on',
    target: 'input',
    condition: 'true',
    copyHeaders: false,
    sendTo: ['out'],
    returns: 'value',
    parameters: [
      { index: 0, type: String, payload: {}, headers: false },
      { index: 1, type: Number, header: { name: 'h', defaultValue: 1 } },
      { index: 2, type: Message },
    ],
  });
});

test('a class without a constructor has that of its base', () => {
  @Component()
  class Needs {
    constructor(readonly port: Port) {}
  }
  @Component()
  class Sub extends Needs {}
  expect(readComponent(Sub).constructorParameters.map(({ type }) => type)).toEqual([Port]);
});

test('what a method returns is read where the compiler says it', () => {
  @Component()
  class Returns {
    @StreamListener('a') nothing(): void {}
    @StreamListener('a') value(): string {
      return '';
    }
    @StreamListener('a') async later(): Promise<void> {}
    @StreamListener('a') unknown(): unknown {
      return undefined;
    }
  }
  expect(readComponent(Returns).listeners.map(({ method, returns }) => [method, returns])).toEqual([
    ['nothing', 'nothing'],
    ['value', 'value'],
    ['later', 'unknown'],
    ['unknown', 'unknown'],
  ]);
});

describe('channels', () => {
  test('of a binding class, by their own names or the fields’', () => {
    expect(readChannels(Processor).map(({ name, direction, field }) => [name, direction, field])).toEqual([
      ['input', 'input', 'input'],
      ['output', 'output', 'output'],
    ]);
  });

  test('a class that declares none is no binding class', () => {
    expect(() => readChannels(Port)).toThrow('declares no channel');
  });
});

test('what a compiler writes where it knows nothing is no type', () => {
  for (const nothing of [undefined, Object, Function, String, Array, Promise, globalThis.MessageChannel, {}]) {
    expect(usableType(nothing)).toBeUndefined();
  }
  expect(usableType(MessageChannel)).toBe(MessageChannel);
  expect(usableType(PollableMessageSource)).toBe(PollableMessageSource);
});

test('names are made as Java makes them', () => {
  expect(['MessageProviderImpl', 'URLService', 'A', 'x'].map(decapitalize)).toEqual([
    'messageProviderImpl',
    'URLService',
    'a',
    'x',
  ]);
});

test('every decorated class is recorded, exported or not, with what stands on it', () => {
  @BootApplication()
  class Hidden {}
  expect(recordOf(Hidden)?.file).toMatch(/read\.unit\.test\.ts$/);
  expect(annotationsOf(Hidden).map(({ kind }) => kind)).toEqual(['BootApplication']);
});
