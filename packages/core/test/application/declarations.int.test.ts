/** What the declarations of an application can be seen to do wrong, each told with its code and its place. */
import { describe, expect, test } from '@jest/globals';
import {
  Acknowledgment,
  Autowired,
  Component,
  EnableBinding,
  Header,
  Input,
  Message,
  MessageChannel,
  Output,
  Payload,
  PollableMessageSource,
  Primary,
  Processor,
  SendTo,
  Sink,
  StreamListener,
  SubscribableChannel,
  type Class,
} from '@streambind/core';
import { notEnabled, recordOf } from '../../src/annotations/index.js';
import { declarationsOf } from '../../src/application/declarations.js';
import { failures, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';

const told = async (...components: Class[]): Promise<string[]> =>
  (await failures(new MemoryBroker(), components)).map((error) => {
    const { code, message, details } = error as Error & { code: string; details: { where?: string } };
    return `${code} ${details.where}: ${message.split('\n', 1)[0]}`;
  });

describe('a listener', () => {
  test('needs a target, and one that is an input', async () => {
    @Component()
    @EnableBinding(Processor)
    class Wrong {
      @StreamListener('') empty(): void {}
      @StreamListener('output') output(): void {}
      @StreamListener('${no.such.key}') placeholder(): void {}
    }
    expect(await told(Wrong)).toEqual([
      'LISTENER_TARGET Wrong.empty: The binding name cannot be null',
      'LISTENER_TARGET Wrong.output: Wrong.output listens to "output", which is an output.',
      expect.stringMatching(/^CONFIG_PLACEHOLDER /),
    ]);
  });

  test('has an output exactly where it returns something', async () => {
    @Component()
    @EnableBinding(Processor)
    class Wrong {
      @StreamListener('input') @SendTo() none(): string {
        return '';
      }
    }
    @Component()
    @EnableBinding(Processor)
    class Several {
      @StreamListener('input') @SendTo('output', 'other') several(): string {
        return '';
      }
      @StreamListener('input') @SendTo('') empty(): string {
        return '';
      }
      @StreamListener('input') @SendTo('output') nothing(): void {}
      @StreamListener({ target: 'input', condition: 'true' }) @SendTo('output') conditional(): string {
        return '';
      }
      @StreamListener('input') unsaid(): string {
        return '';
      }
    }
    expect(await told(Wrong)).toEqual(['SEND_TO_TARGET Wrong.none: At least one output must be specified']);
    expect(await told(Several)).toEqual([
      'SEND_TO_TARGET Several.several: Multiple destinations cannot be specified',
      'SEND_TO_TARGET Several.empty: An empty destination cannot be specified',
      'LISTENER_RETURNS Several.nothing: An output channel cannot be specified for a method that does not return a value',
      'LISTENER_RETURNS Several.conditional: Cannot set a condition for methods that return a value',
      'LISTENER_RETURNS Several.unsaid: A method annotated with @StreamListener having a return type should also have an outbound target specified',
      expect.stringMatching(/^LISTENER_RETURNS Several.several, .*: If multiple @StreamListener methods are listening/),
    ]);
  });

  test('in declarative mode is refused', async () => {
    @Component()
    @EnableBinding(Processor)
    class Declarative {
      @StreamListener('input') byType(channel: SubscribableChannel): void {
        void channel;
      }
      @StreamListener('') byDecorator(@Input('input') from: unknown, @Output('output') to: unknown): void {
        void [from, to];
      }
    }
    const what = 'Channels as parameters of a @StreamListener (declarative mode).';
    expect(await told(Declarative)).toEqual([
      `NOT_SUPPORTED_YET Declarative.byType: ${what}`,
      `NOT_SUPPORTED_YET Declarative.byDecorator: ${what}`,
    ]);
  });

  test('marks every parameter once it marks the payload', async () => {
    @Component()
    @EnableBinding(Sink)
    class Listeners {
      @StreamListener('input') twice(@Payload() one: string, @Payload() other: string): void {
        void [one, other];
      }
      @StreamListener('input') guess(@Payload() one: string, other: string): void {
        void [one, other];
      }
      @StreamListener('input') known(@Payload() one: string, @Header('h') h: string, message: Message): void {
        void [one, h, message];
      }
      @StreamListener('input') unmarked(one: string, other: Buffer): void {
        void [one, other];
      }
      @StreamListener('input') byHand(acknowledgment: Acknowledgment): void {
        void acknowledgment;
      }
      @StreamListener('input') byHeader(body: string, @Header('kafka_acknowledgment') it: Acknowledgment): void {
        void [body, it];
      }
      @StreamListener({ target: 'input', condition: 'payload ==' }) broken(): void {}
    }
    expect(await told(Listeners)).toEqual([
      expect.stringMatching(/^EXPRESSION_SYNTAX Listeners.broken/),
      'LISTENER_ARGUMENTS Listeners.twice: Ambiguous method arguments for the StreamListener method',
      'LISTENER_ARGUMENTS Listeners.guess: Ambiguous method arguments for the StreamListener method',
      'LISTENER_ARGUMENTS Listeners.byHand: Listeners.byHand takes an Acknowledgment, but its binding settles by itself.',
      'LISTENER_ARGUMENTS Listeners.byHeader: Listeners.byHeader takes an Acknowledgment, but its binding settles by itself.',
    ]);
  });
});

describe('a channel', () => {
  test('has a type that can be bound and a name of its own', async () => {
    class Channels {
      @Input() polled!: PollableMessageSource;
      @Output() text!: string;
      @Input('same') one!: SubscribableChannel;
      @Input('same') two!: SubscribableChannel;
      @Output('both') out!: MessageChannel;
    }
    class More {
      @Input('both') in!: SubscribableChannel;
    }
    class None {}
    @Component()
    @EnableBinding(Channels, More, None)
    class User {}
    expect(await told(User)).toEqual([
      'DECORATOR_MISUSE None: @EnableBinding names None, which declares no channel.',
      'CHANNEL_DUPLICATE Channels.two: The channel "same" is declared twice by Channels.',
      'CHANNEL_DUPLICATE More.in: The channel "both" is declared as an input and as an output.',
      'NOT_SUPPORTED_YET Channels.polled: Polled consumers come in a later version.',
      'CHANNEL_TYPE Channels.text: The output "text" is no channel by its type.',
    ]);
  });

  test('is injected where @Input or @Output stand beside @Autowired', async () => {
    @Component()
    @EnableBinding(Processor)
    class User {
      @Autowired() @Output('output') readonly sender!: MessageChannel;
    }
    const application = await run(new MemoryBroker(), [User]);
    expect(application.get(User).sender).toBe(application.get(Processor).output);
  });

  test('of a class that nobody enables is pointed to', async () => {
    class Orders {
      @Input() readonly orders!: SubscribableChannel;
    }
    @Component()
    class Listener {
      @StreamListener('orders') on(): void {}
    }
    const [error] = await failures(new MemoryBroker(), [Listener]);
    expect(error).toMatchObject({ code: 'LISTENER_TARGET', details: { fix: 'Enable it: @EnableBinding(Orders)' } });
    const { warnings } = declarationsOf([Listener], () => true, undefined);
    expect(warnings).toContain('Orders declares channels, and no @EnableBinding names it.');
    const records = [recordOf(Orders)!, recordOf(Sink)!, recordOf(Listener)!];
    expect(notEnabled(records, new Set([Sink]))).toEqual([Orders]);
  });
});

test('a parameter whose class is lost at run time is warned of', () => {
  class Listener {
    imported(order: unknown): void {
      void order;
    }
    unwritten(order: unknown): void {
      void order;
    }
    @StreamListener('input') fine(order: unknown, message: Message): void {
      void [order, message];
    }
  }
  // what compilers leave of `import type`, and those that write no metadata
  Reflect.defineMetadata('design:paramtypes', [Function], Listener.prototype, 'imported');
  for (const method of ['imported', 'unwritten'] as const)
    StreamListener('input')(Listener.prototype, method, { value: Listener.prototype[method] });
  Component()(Listener);
  const { warnings } = declarationsOf([Listener], () => true, undefined);
  expect(warnings.filter((warning) => warning.includes('Listener.'))).toEqual([
    expect.stringMatching(/^The class of parameter 1 of Listener.imported .* Import the class without "type"/),
    expect.stringMatching(/^The class of parameter 1 of Listener.unwritten .*"emitDecoratorMetadata"/),
  ]);
});

test('several primary components decide nothing', async () => {
  abstract class Port {}
  @Component()
  @Primary()
  class One extends Port {}
  @Component()
  @Primary()
  class Two extends Port {}
  @Component()
  class User {
    @Autowired() readonly one!: Port;
  }
  expect(await told(One, Two, User)).toEqual([expect.stringMatching(/^COMPONENT_AMBIGUOUS User.one/)]);
});
