import { describe, expect, test } from '@jest/globals';
import {
  Component,
  Header,
  Input,
  MessageChannel,
  Output,
  PostConstruct,
  SendTo,
  StreamListener,
} from '@streambind/core';
import { misplacedMembers, orphans, recordOf } from '../../src/annotations/index.js';

describe('a decorator', () => {
  class Wrong {
    @SendTo('output') sends(): void {}
    @Input('input') @StreamListener('input') hears(): void {}
    @Output('output') @SendTo('output') @StreamListener('input') twice(): string {
      return '';
    }
    @Output() readonly out!: MessageChannel;
    @StreamListener('input') static shared(): void {}
    takes(@Header('h') header: string): void {
      void header;
    }
  }

  test('that means nothing where it stands is told', () => {
    expect(
      misplacedMembers(Wrong, false).map(({ code, details, message }) => [code, details.where, message.split('\n')[0]]),
    ).toEqual([
      ['DECORATOR_MISUSE', 'Wrong.sends', '@SendTo means nothing without @StreamListener'],
      ['DECORATOR_MISUSE', 'Wrong.hears', expect.stringContaining('may never be annotated with @Input')],
      ['DECORATOR_MISUSE', 'Wrong.twice', expect.stringContaining('one of @SendTo and @Output')],
      ['DECORATOR_MISUSE', 'Wrong.out', expect.stringContaining('no @EnableBinding names its class')],
      ['DECORATOR_MISUSE', 'Wrong.shared', '@StreamListener stands on a static method'],
      ['DECORATOR_MISUSE', 'Wrong.takes', '@Header() means nothing on a method that listens to no channel'],
    ]);
    expect(misplacedMembers(Wrong, true)).toHaveLength(5);
  });

  test('on a method of a class that is no component is told, unless a component extends it', () => {
    class Base {
      @PostConstruct() ready(): void {}
    }
    @Component()
    class Derived extends Base {}
    expect(orphans([Base, Derived].map((type) => recordOf(type)!))).toEqual([]);
    expect(orphans([recordOf(Base)!, recordOf(Wrong)!])).toMatchObject([
      { code: 'DECORATOR_MISUSE', details: { where: 'Base.ready' } },
      { code: 'DECORATOR_MISUSE', details: { where: 'Wrong.hears', fix: 'Decorate Wrong with @Component().' } },
    ]);
  });
});
