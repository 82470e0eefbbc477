import { Component, EnableBinding, Message, Sink, StreamListener, Value } from '@streambind/core';

@Component()
@EnableBinding(Sink)
export class ReceiveMessageListenerController {
  @Value('${server.port}') private readonly serverPort!: string;

  @StreamListener(Sink.INPUT)
  input(message: Message<string>): void {
    console.log(`消费者2号,----->接受到的消息: ${message.payload}\t  port: ${this.serverPort}`);
  }
}
