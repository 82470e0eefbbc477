/** Twenty-five mistakes of the kind that people make, below an otherwise healthy configuration. */
import {
  Component,
  EnableBinding,
  Input,
  Output,
  StreamListener,
  type Class,
  type MessageChannel,
  type SubscribableChannel,
} from '@streambind/core';
import type { BinderFactory } from '@streambind/core/binder';

export interface Mistake {
  readonly name: string;
  readonly yaml: string;
  /** Text of the line that the error has to name. */
  readonly at: string;
  readonly code: string;
  /** What the error has to say besides: key path, given, nearest. */
  readonly says: readonly string[];
  /** The application runs without that line, so it starts and warns. */
  readonly warned?: true;
  /** False: the mistake is in the code. */
  readonly inFile?: false;
  readonly components?: readonly Class[];
}

const stream = 'spring.cloud.stream';
const input = `${stream}.bindings.input`;

/** The first option of the binder as a file has it, and without its second letter. */
function misspelt({ schemas }: BinderFactory): { readonly right: string; readonly wrong: string } {
  const [name = ''] = Object.keys(schemas.binder.options);
  const right = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { right, wrong: right.slice(0, 1) + right.slice(2) };
}

export function mistakes(factory: BinderFactory): readonly Mistake[] {
  const { type, capabilities } = factory;
  const { right, wrong } = misspelt(factory);
  const value = (name: string, key: string, given: string, says: readonly string[] = []): Mistake => ({
    name,
    yaml: `${key}: ${given}\n`,
    at: `${key}: ${given}`,
    code: 'CONFIG_VALUE',
    says: [key, `given:   ${given}`, 'allowed:', ...says],
  });
  const key = (name: string, path: string, nearest: string): Mistake => ({
    name,
    yaml: `${path}: x\n`,
    at: `${path}:`,
    code: 'CONFIG_KEY',
    says: [path, nearest],
    warned: true,
  });
  return [
    key('a misspelt key of a binding', `${input}.gruop`, 'group'),
    key('a misspelt key of a consumer', `${input}.consumer.concurency`, 'concurrency'),
    key('a misspelt key of a producer', `${stream}.bindings.output.producer.partition-cuont`, 'partition-count'),
    key('a key that does not exist', `${input}.consumer.zzzzzz`, 'zzzzzz'),
    key('a key of the wrong place', `${input}.concurrency`, 'consumer.concurrency'),
    key('a misspelt key of the binder', `${stream}.${type}.binder.${wrong}`, right),
    {
      ...key('a misspelt block', `${stream}.bidings.input.group`, 'bindings'),
      says: [`${stream}.bidings`, 'bindings'],
    },
    value('text for a number', `${input}.consumer.concurrency`, 'many'),
    value('a number below the least', `${input}.consumer.max-attempts`, '0'),
    value('a negative number', `${input}.consumer.concurrency`, '-1'),
    value('a fraction for an integer', `${input}.consumer.prefetch`, '1.5'),
    value('a duration of no unit', `${input}.consumer.handler-timeout`, '5 parsecs'),
    value('a negative duration', `${input}.consumer.back-off-initial-interval`, '-5s'),
    value('a word outside the list', `${input}.consumer.start-from`, 'middle', ['earliest']),
    value('a word that is no boolean', `${input}.consumer.auto-startup`, 'maybe'),
    value('a word that is no policy', `${input}.consumer.on-exhausted`, 'explode', ['requeue']),
    {
      name: 'a list where one value belongs',
      yaml: `${input}.consumer.concurrency: [1, 2]\n`,
      at: `${input}.consumer.concurrency`,
      code: 'CONFIG_VALUE',
      says: [`${input}.consumer.concurrency`, 'list', 'integer'],
    },
    // a broker that has the partitions assigns them
    ...(capabilities.partitions === 'broker'
      ? []
      : [
          {
            name: 'an instance index beyond the count',
            yaml: `${stream}.instance-count: 2\n${stream}.instance-index: 2\n${input}.consumer.partitioned: true\n`,
            at: `${stream}.instance-index: 2`,
            code: 'CONFIG_VALUE',
            says: ['instance-index 2', 'instance-count 2'],
          } as const,
        ]),
    {
      name: 'a binder that is not declared',
      yaml: `${input}.binder: tkc\n`,
      at: `${input}.binder: tkc`,
      code: 'BINDER_UNKNOWN',
      says: ['tkc', 'tck'],
    },
    {
      name: 'a variable that is not set',
      yaml: `${input}.content-type: \${TCK_IS_NOT_SET}\n`,
      at: 'TCK_IS_NOT_SET',
      code: 'CONFIG_PLACEHOLDER',
      says: ['TCK_IS_NOT_SET', `${input}.content-type`],
    },
    {
      name: 'a placeholder that leads back to itself',
      yaml: `a.b: \${a.b}\n${input}.content-type: \${a.b}\n`,
      at: `${input}.content-type`,
      code: 'CONFIG_CIRCULAR',
      says: ['a.b'],
    },
    {
      name: 'a tab for an indent',
      yaml: 'server:\n\tport: 1\n',
      at: '\tport',
      code: 'CONFIG_FILE',
      says: ['tab'],
    },
    {
      name: 'the same key twice',
      yaml: `${input}.content-type: a/b\n${input}.content-type: c/d\n`,
      at: `${input}.content-type: c/d`,
      code: 'CONFIG_FILE',
      says: ['content-type'],
    },
    {
      name: 'a channel that is an input and an output',
      yaml: '',
      at: '',
      inFile: false,
      code: 'CHANNEL_DUPLICATE',
      says: ['"both"'],
      components: [duplicate()],
    },
    {
      name: 'a listener on a channel that nobody declares',
      yaml: '',
      at: '',
      inFile: false,
      code: 'LISTENER_TARGET',
      says: ['imput', 'input', 'Mistaken.on'],
      components: [mistaken()],
    },
  ];
}

function duplicate(): Class {
  class Both {
    @Input('both') readonly one!: SubscribableChannel;
    @Output('both') readonly other!: MessageChannel;
  }
  @Component()
  @EnableBinding(Both)
  class Duplicate {}
  return Duplicate;
}

function mistaken(): Class {
  @Component()
  class Mistaken {
    @StreamListener('imput')
    on(payload: string): void {
      throw new Error(payload);
    }
  }
  return Mistaken;
}
