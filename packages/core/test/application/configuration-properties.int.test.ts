import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  Autowired,
  Component,
  ConfigurationProperties,
  ConfigurationProperty,
  PostConstruct,
  Resource,
  type Class,
} from '@streambind/core';
import { failures, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';

class Server {
  host = 'localhost';
  port = 80;
}

class Retry {
  maxAttempts = 3;
  @ConfigurationProperty('duration') backOff = 1000;
}

@Component()
class User {
  @Resource('mail') readonly mail!: object;
}

@ConfigurationProperties('app.mail')
class Mail {
  host = 'localhost';
  port = 25;
  useTls = false;
  from: string | undefined;
  readonly retry = new Retry();
  aliases: string[] = ['root'];
  @ConfigurationProperty(Number) ports: number[] = [];
  limits: Record<string, string> = {};
  @ConfigurationProperty(Server) servers: Server[] = [];
  @ConfigurationProperty(Server) regions: Record<string, Server> = {};
  @ConfigurationProperty() maximum!: number;
  @ConfigurationProperty('size') buffer = 1024;
  unset = 'default';
  @Autowired() readonly user!: User;
  readyWith: unknown;

  @PostConstruct()
  ready(): void {
    this.readyWith = [this.host, this.user.mail === this];
  }
}

async function withFile<T>(text: string, use: (location: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'properties-'));
  try {
    writeFileSync(join(folder, 'application.yml'), text);
    return await use(`${folder}/`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const start = (text: string, components: Class[]) =>
  withFile(text, (location) => run(new MemoryBroker(), components, { 'spring.config.location': location }));

test('fields are filled by their relaxed names, with the types of their defaults or declarations', async () => {
  const text = `
app:
  mail:
    host: \${the.host}
    PORT: 2525
    use-tls: on
    from: me
    retry: { max_attempts: 5, back-off: 2s }
    aliases: a, b
    ports: [1, 2]
    limits: { per.day: 10, '[a/b]': x }
    servers:
      - host: one
      - port: 81
    regions:
      eu: { host: frankfurt, port: 82 }
    maximum: 1e3
    buffer: 1MB
the.host: example
`;
  const application = await start(text, [Mail, User]);
  const { user, ...mail } = application.get(Mail);
  expect(user.mail).toBe(application.get(Mail));
  expect({ ...mail }).toEqual({
    host: 'example',
    port: 2525,
    useTls: true,
    from: 'me',
    retry: { maxAttempts: 5, backOff: 2000 },
    aliases: ['a', 'b'],
    ports: [1, 2],
    limits: { 'per.day': '10', 'a/b': 'x' },
    servers: [
      { host: 'one', port: 80 },
      { host: 'localhost', port: 81 },
    ],
    regions: { eu: { host: 'frankfurt', port: 82 } },
    maximum: 1000,
    buffer: 1 << 20,
    unset: 'default',
    readyWith: ['example', true],
  });
  expect(mail.retry).toBeInstanceOf(Retry);
  expect(mail.servers[0]).toBeInstanceOf(Server);
});

test('without configuration every default stays', async () => {
  const application = await start('', [Mail, User]);
  expect(application.get(Mail)).toMatchObject({ host: 'localhost', aliases: ['root'], retry: { maxAttempts: 3 } });
});

test('variables and arguments fill them too, and a slip is told with the name that was meant', async () => {
  const application = await run(
    new MemoryBroker(),
    [Mail, User],
    { 'app.mail.servers[1].port': 8080, 'app.mail.prot': 1 },
    { env: { APP_MAIL_USETLS: 'true', APP_MAIL_RETRY_MAXATTEMPTS: '7', APP_MAIL_ALIASES: 'x,y' } },
  );
  expect(application.get(Mail)).toMatchObject({
    useTls: true,
    retry: { maxAttempts: 7 },
    aliases: ['x', 'y'],
    servers: [{ host: 'localhost', port: 8080 }],
  });
  expect(application.environment.problems).toMatchObject([
    { severity: 'warning', code: 'CONFIG_KEY', path: 'app.mail.prot', suggestion: 'port' },
  ]);
});

test('what cannot be read is told with its place, all together', async () => {
  const text = `app:
  mail:
    port: many
    ports: [1, x]
    servers:
      - port: no
    retry:
      back-off: soon
`;
  const errors = await withFile(text, (location) =>
    failures(new MemoryBroker(), [Mail, User], { 'spring.config.location': location }),
  );
  const told = errors.map(({ code, message }) => {
    const [line] = /application\.yml:\d+/.exec(message) ?? [];
    return `${code} ${line} ${/given: +(\S+)/.exec(message)?.[1]}`;
  });
  expect(told.toSorted()).toEqual([
    'CONFIG_VALUE application.yml:3 many',
    'CONFIG_VALUE application.yml:4 x',
    'CONFIG_VALUE application.yml:6 no',
    'CONFIG_VALUE application.yml:8 soon',
  ]);
});

test('classes that no configuration can fill are refused', async () => {
  @ConfigurationProperties('a')
  class Needs {
    constructor(readonly user: User) {}
  }
  @ConfigurationProperties('b')
  class Odd {
    when = new Map<string, string>();
  }
  const errors = await failures(new MemoryBroker(), [Needs, Odd, User, Mail]);
  expect(errors.map(({ code }) => code)).toEqual(['DECORATOR_MISUSE', 'DECORATOR_MISUSE']);
});
