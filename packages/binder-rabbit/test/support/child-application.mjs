/**
 * A user's application in a process of its own, on the built packages: it handles messages of `input` where the property
 * `listens` is set, and sends to `output` what it is asked to. What a decorator writes as `@` in TypeScript is called here.
 */
import {
  BootApplication,
  Component,
  EnableBinding,
  Message,
  MessageBuilder,
  Sink,
  Source,
  StreamListener,
  isStreambindError,
  runApplication,
} from '@streambind/core';

const tell = (told) => void (process.connected && process.send(told));

class Listener {
  on({ payload }) {
    const text = String(payload);
    tell({ tells: 'handled', text });
    if (text.startsWith('poison')) throw new Error(`cannot take ${text}`);
  }
}
Reflect.defineMetadata('design:paramtypes', [Message], Listener.prototype, 'on');
StreamListener(Sink.INPUT)(Listener.prototype, 'on', Object.getOwnPropertyDescriptor(Listener.prototype, 'on'));
Component()(Listener);
EnableBinding(Sink)(Listener);

class Sender {}
Component()(Sender);
EnableBinding(Source)(Sender);

class Shop {}
BootApplication()(Shop);

const parts = { input: Listener, output: Sender };
let application;

async function send(text) {
  const channel = application.get(Source).output;
  try {
    await channel.send(MessageBuilder.withPayload(text).build());
    tell({ tells: 'sent', length: text.length });
  } catch (error) {
    const code = isStreambindError(error) ? error.code : error.name;
    tell({ tells: 'refused', length: text.length, code, message: error.message });
  }
}

process.on('message', ({ texts, health }) => {
  if (texts) for (const text of texts) void send(text);
  if (health) void application.health().then((told) => tell({ tells: 'health', health: told }));
});
// it works until it is stopped, and ends with the test that started it
process.on('disconnect', () => process.exit(3));

const [names, binder, ...args] = process.argv.slice(2);
const components = names.split(',').map((name) => parts[name]);
const { binderFactory } = await import(binder);
application = await runApplication(Shop, { args, components, binders: [binderFactory] });
tell({ tells: 'started' });
