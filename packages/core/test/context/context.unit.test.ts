import { describe, expect, test } from '@jest/globals';
import {
  Autowired,
  Bean,
  Component,
  PostConstruct,
  PreDestroy,
  Primary,
  Profile,
  Qualifier,
  Resource,
  Value,
  type Class,
} from '@streambind/core';
import { readComponent } from '../../src/annotations/index.js';
import { Context, definitionsOf } from '../../src/context/index.js';

const resolve = (text: string): string => text.replace(/\$\{(\w+)\}/g, 'value of $1');

const contextOf = (...classes: Class[]): Context =>
  new Context(
    definitionsOf(
      classes.map((type) => readComponent(type)),
      (profiles) => profiles.length === 0 || profiles.includes('on'),
    ),
    resolve,
  );

async function started(...classes: Class[]): Promise<Context> {
  const context = contextOf(...classes);
  await context.start();
  return context;
}

const errorsOf = (...classes: Class[]): { code: string; message: string; details: Record<string, unknown> }[] => {
  try {
    contextOf(...classes);
  } catch (error) {
    return (error as AggregateError).errors as ReturnType<typeof errorsOf>;
  }
  throw new Error('the wiring was accepted');
};

abstract class Port {}

@Component()
class First extends Port {}

@Component()
class Second extends Port {}

describe('injection', () => {
  test('by name before type with @Resource, by type before name with @Autowired', async () => {
    @Component('named')
    class Named extends Port {}
    @Component()
    class User {
      @Resource() readonly named!: Port;
      @Autowired() readonly first!: Port;
      @Autowired() readonly only!: First;
      @Autowired() @Qualifier('second') readonly any!: Port;
      @Value('${x}') readonly text!: string;
    }
    const context = await started(First, Second, Named, User);
    const user = context.get(User);
    expect(user.named).toBeInstanceOf(Named);
    expect(user.first).toBeInstanceOf(First);
    expect(user.only).toBe(context.get(First));
    expect(user.any).toBe(context.get(Second));
    expect(user.text).toBe('value of x');
  });

  test('takes the primary one of several, and a subclass for its abstract class', async () => {
    @Component()
    @Primary()
    class Preferred extends Port {}
    @Component()
    class User {
      constructor(readonly port: Port) {}
    }
    expect((await started(First, User, Preferred)).get(User).port).toBeInstanceOf(Preferred);
  });

  test('wires a circle of fields', async () => {
    @Component()
    class Egg {
      @Resource('hen') readonly hen!: object;
    }
    @Component()
    class Hen {
      @Resource() readonly egg!: Egg;
    }
    const context = await started(Egg, Hen);
    expect(context.get(Hen).egg.hen).toBe(context.get(Hen));
  });

  test('leaves an optional field as it is', async () => {
    @Component()
    class User {
      @Autowired({ required: false }) readonly port: Port | undefined = undefined;
      @Autowired({ required: false }) readonly first!: First;
    }
    expect((await started(User)).get(User).first).toBeUndefined();
  });

  test('makes beans with what was injected into their class, and under their profiles only', async () => {
    @Component()
    class Config {
      @Resource() private readonly first!: First;
      @Bean() async pair(): Promise<object> {
        return { first: this.first };
      }
      @Bean() @Profile('off') never(): object {
        return {};
      }
    }
    const context = await started(Config, First);
    expect(context.get('pair')).toEqual({ first: context.get(First) });
    expect(() => context.get('never')).toThrow('There is no component "never"');
  });
});

describe('a mistake of the wiring', () => {
  test('is told for all at once, each with its own code and place', () => {
    @Component()
    class User {
      @Resource('frist') readonly close!: Port;
      @Autowired() readonly port!: Port;
      @Resource('first') readonly wrong!: Second;
      @Autowired() readonly untyped!: unknown;
    }
    const errors = errorsOf(First, Second, User);
    expect(errors.map(({ code, details }) => [code, details['where']])).toEqual([
      ['COMPONENT_MISSING', 'User.close'],
      ['COMPONENT_AMBIGUOUS', 'User.port'],
      ['COMPONENT_MISSING', 'User.wrong'],
      ['COMPONENT_MISSING', 'User.untyped'],
    ]);
    expect(errors[0]!.details['nearest']).toBe('first');
    expect(errors[1]!.message).toContain('first');
  });

  test('a circle of constructors is named link by link', () => {
    @Component()
    class A {
      constructor(@Qualifier('b') readonly b: object) {}
    }
    @Component()
    class B {
      constructor(readonly a: A) {}
    }
    expect(errorsOf(A, B)).toMatchObject([{ code: 'COMPONENT_CIRCULAR', details: { given: 'a → b → a' } }]);
  });

  test('what no compiler wrote types for', () => {
    class Plain {
      constructor(readonly port: unknown) {}
    }
    Component()(Plain);
    expect(errorsOf(Plain)).toMatchObject([
      { code: 'METADATA_MISSING', details: { where: 'new Plain(…) parameter 1' } },
    ]);
  });

  test('two of one name', () => {
    @Component('first')
    class Other {}
    expect(errorsOf(First, Other)).toMatchObject([{ code: 'COMPONENT_DUPLICATE' }]);
  });
});

describe('life', () => {
  test('follows the dependencies and runs backwards at the end, also past a failure', async () => {
    const order: string[] = [];
    @Component()
    class Low {
      @PostConstruct() async up(): Promise<void> {
        await Promise.resolve();
        order.push('low up');
      }
      @PreDestroy() down(): void {
        order.push('low down');
      }
    }
    @Component()
    class High {
      @Resource() readonly low!: Low;
      @PostConstruct() up(): void {
        order.push('high up');
      }
      @PreDestroy() down(): void {
        order.push('high down');
        throw new Error('no');
      }
    }
    const context = await started(High, Low);
    const failures = await context.stop();
    expect(order).toEqual(['low up', 'high up', 'high down', 'low down']);
    expect(failures).toMatchObject([{ code: 'COMPONENT_FAILED', details: { where: 'High.down' } }]);
    expect(await context.stop()).toEqual([]);
  });

  test('a bean that can be closed is closed, after what uses it and past a failure', async () => {
    const order: string[] = [];
    class Connection {
      close(): Promise<void> {
        order.push('connection closed');
        return Promise.reject(new Error('no'));
      }
    }
    @Component()
    class Config {
      @Bean() connection(): Connection {
        return new Connection();
      }
      @Bean() answer(): object {
        return { close: 'is no method here' };
      }
    }
    @Component()
    class User {
      @Resource() readonly connection!: Connection;
      @PreDestroy() down(): void {
        order.push('user down');
      }
    }
    const context = await started(Config, User);
    expect(await context.stop()).toMatchObject([{ code: 'COMPONENT_FAILED', details: { where: 'Connection.close' } }]);
    expect(order).toEqual(['user down', 'connection closed']);
  });

  test('a component that throws is named', async () => {
    @Component()
    class Broken {
      @PostConstruct() up(): void {
        throw new Error('no disk');
      }
    }
    await expect(started(Broken)).rejects.toMatchObject({
      code: 'COMPONENT_FAILED',
      message: expect.stringContaining('no disk'),
    });
  });
});
