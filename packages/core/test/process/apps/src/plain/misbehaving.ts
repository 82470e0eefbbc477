import {
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  PostConstruct,
  PreDestroy,
  Profile,
  Resource,
  Source,
} from '@streambind/core';

/** Never a component. */
export abstract class Absent {
  abstract needed(): void;
}

@Component()
@Profile('missing-component')
export class NeedsWhatIsAbsent {
  @Resource() readonly absent!: Absent;
}

@Component()
@Profile('throwing-component')
export class ThrowsAtStart {
  @PostConstruct()
  async prepare(): Promise<void> {
    throw new RangeError('the moon is in the wrong phase');
  }
}

@Component()
@Profile('slow-start')
export class StartsSlowly {
  @PostConstruct()
  async prepare(): Promise<void> {
    console.log('preparing');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
}

@Component()
@Profile('unhandled-rejection')
export class RejectsLater {
  @PostConstruct()
  prepare(): void {
    setTimeout(() => void Promise.reject(new Error('nobody waits for this')), 200);
  }
}

@Component()
@Profile('uncaught-exception')
export class ThrowsLater {
  @PostConstruct()
  prepare(): void {
    setTimeout(() => {
      throw new Error('nobody catches this');
    }, 200);
  }

  @PreDestroy()
  release(): void {
    console.log('released');
  }
}

/** The Java habit: the promise of a send is dropped. The first message cannot be encoded, the second can. */
@Component()
@Profile('unawaited-send')
@EnableBinding(Source)
export class DropsPromises {
  @Resource() private readonly output!: MessageChannel;

  @PostConstruct()
  sendTwo(): void {
    const broken = MessageBuilder.withPayload({ amount: 1n }).build();
    console.log(`broken ${String(broken.headers.id)}`);
    void this.output.send(broken);
    void this.output.send(MessageBuilder.withPayload('sound').build());
  }

  @PreDestroy()
  sendOneTooLate(): void {
    void this.output.send(MessageBuilder.withPayload('late').build());
  }
}
