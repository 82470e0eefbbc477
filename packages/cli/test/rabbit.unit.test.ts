/** A Spring application's RabbitMQ settings, many of them in one file: what is known, what has no effect, what is wrong. */
import { describe, expect, test } from '@jest/globals';
import { streambind, type Checked } from './files.js';

/** `check --json` where the package of the binder is among the dependencies. */
async function checkYml(yml: string): Promise<Checked> {
  const files = {
    'package.json': JSON.stringify({ name: 'shop', dependencies: { '@streambind/binder-rabbit': '*' } }),
    'application.yml': yml,
  };
  const { code, out } = await streambind(['check', '--json'], { files });
  return { code, ...(JSON.parse(out) as Omit<Checked, 'code'>) };
}

const HEALTHY = `spring:
  rabbitmq:
    addresses: rabbit-1:5672,rabbit-2:5672
    address-shuffle-mode: random
    username: shop
    password: \${RABBIT_PASSWORD:secret}
    virtual-host: /shop
    requested-heartbeat: 30
    connection-timeout: 5s
    publisher-returns: true
    template:
      mandatory: true
    ssl:
      enabled: true
      key-store: file:/etc/shop/client.p12
      key-store-password: secret
      trust-store: /etc/shop/ca.pem
      trust-store-type: PEM
      algorithm: TLSv1.3
  cloud:
    stream:
      bindings:
        input:
          destination: orders
          group: billing
          consumer:
            concurrency: 4
            max-attempts: 5
        audit:
          destination: orders,payments
          group: audit
          consumer: { multiplex: true, partitioned: true, instance-count: 2, instance-index: 1 }
        output:
          destination: shipments
          producer:
            partition-key-expression: headers['customer']
            partition-count: 3
            required-groups: shipping
      rabbit:
        binder:
          compression-level: 6
          connection-name-prefix: shop
        default:
          consumer:
            auto-bind-dlq: true
            dlq-quorum: { enabled: true, delivery-limit: 5 }
          producer:
            delivery-mode: PERSISTENT
        bindings:
          input:
            consumer:
              acknowledge-mode: MANUAL
              exchangeType: direct
              bindingRoutingKey: new,changed
              bindingRoutingKeyDelimiter: ','
              dead-letter-exchange: orders.dead
              dead-letter-queue-name: orders.dead
              dead-letter-routing-key: billing
              dead-letter-exchange-type: topic
              declare-dlx: false
              durable-subscription: true
              exclusive: false
              frame-max-headroom: 20000
              header-patterns: ['*', '!x-internal-*']
              lazy: true
              max-priority: 10
              missing-queues-fatal: false
              overflow-behavior: reject-publish
              prefetch: 50
              prefix: shop.
              quorum: { enabled: false, initial-group-size: 3 }
              republish-delivey-mode: PERSISTENT
              republish-to-dlq: true
              requeue-rejected: false
              single-active-consumer: true
              consumer-tag-prefix: billing
              consumer-priority: 5
              queue-binding-arguments: { x-match: any, region: eu }
          audit:
            consumer: { queue-name-group-only: true, declare-exchange: false, bind-queue: false }
          output:
            producer:
              alternate-exchange:
                name: lost
                type: fanout
                binding: { queue: lost }
              compress: true
              exchange-type: topic
              routing-key-expression: headers['region'] + '.' + payload.kind
              batching-enabled: true
              batch-size: 20
              batch-timeout: 2s
`;

const lineOf = (yml: string, text: string): number => yml.split('\n').findIndex((line) => line.includes(text)) + 1;

describe('check, of an application on RabbitMQ', () => {
  test('has nothing to say about settings that are right', async () => {
    const { code, problems, bindings } = await checkYml(HEALTHY);
    expect(problems).toEqual([]);
    expect(code).toBe(0);
    expect(bindings.map(({ name, binder }) => [name, binder])).toEqual([
      ['input', 'rabbit'],
      ['audit', 'rabbit'],
      ['output', 'rabbit'],
    ]);
  });

  const input = '    stream.rabbit.bindings.input.consumer:\n';
  const of = (lines: string): string => `spring:\n  cloud:\n${input}${lines}`;

  test.each([
    ['auto-bind-dql: true', 'auto-bind-dlq'],
    ['republish-to-dql: true', 'republish-to-dlq'],
    ['routing-key-expression: payload', 'producer.routing-key-expression'],
  ])('names the nearest of %s', async (line, nearest) => {
    const yml = of(`      ${line}\n`);
    const { code, problems } = await checkYml(yml);
    expect(code).toBe(0);
    expect(problems).toEqual([
      expect.objectContaining({ severity: 'warning', code: 'CONFIG_KEY', file: 'application.yml', line: 4 }),
    ]);
    expect(problems[0]!.suggestion).toContain(nearest);
  });

  test.each([
    ['exchange-type: topics', 'topic, direct, fanout, headers'],
    ['acknowledge-mode: BATCH', 'auto, manual, none'],
    ['prefetch: 0', '1 to 65535'],
    ['ttl: soon', 'duration'],
    ['overflow-behavior: drop-tail', 'drop-head'],
  ])('refuses %s and says what is allowed', async (line, allowed) => {
    const { code, problems } = await checkYml(of(`      ${line}\n`));
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'CONFIG_VALUE',
        line: 4,
        given: line.split(': ')[1],
        allowed: expect.stringContaining(allowed) as unknown,
      }),
    ]);
  });

  test('tells what has no effect, with the reason', async () => {
    const yml = of('      max-concurrency: 10\n      recovery-interval: 5000\n      tx-size: 10\n');
    const { code, problems } = await checkYml(yml);
    expect(code).toBe(0);
    expect(problems.map(({ severity, code: which, line }) => [severity, which, line])).toEqual([
      ['warning', 'CONFIG_UNSUPPORTED', 4],
      ['warning', 'CONFIG_UNSUPPORTED', 5],
      ['warning', 'CONFIG_UNSUPPORTED', 6],
    ]);
    expect(problems[0]!.message).toMatch(/raise concurrency/);
  });

  test('finds an expression that cannot be parsed where it stands', async () => {
    const yml = HEALTHY.replace(`headers['region'] + '.'`, `headers['region' + '.'`);
    const { code, problems } = await checkYml(yml);
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.objectContaining({ code: 'EXPRESSION_SYNTAX', line: lineOf(yml, 'routing-key-expression') }),
    ]);
  });

  test('finds what could lose messages where it stands', async () => {
    const yml = HEALTHY.replace('acknowledge-mode: MANUAL', 'acknowledge-mode: NONE');
    const { code, problems } = await checkYml(yml);
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.objectContaining({ code: 'GUARANTEE', line: lineOf(yml, 'acknowledge-mode: NONE') }),
    ]);
  });

  test('never prints a password', async () => {
    const { problems } = await checkYml('spring.rabbitmq:\n  password: [hunter2, hunter3]\n  pasword: hunter4\n');
    expect(problems.length).toBeGreaterThan(1);
    expect(JSON.stringify(problems)).not.toContain('hunter');
  });
});
