/** The tutorial's own files, as the samples carry them, under the keys that core really knows. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { keyGroups } from '../../src/application/keys.js';
import { loadEnvironment, type Environment } from '../../src/config/index.js';

const samples = join(import.meta.dirname, '../../../../samples');
const load = (sample: string, ...args: string[]): Environment =>
  loadEnvironment({ directories: [join(samples, sample)], args, env: {} });

describe.each([
  ['provider8801', 'output', '8801'],
  ['consumer8802', 'input', '8802'],
  ['consumer8803', 'input', '8803'],
])('%s', (sample, binding, port) => {
  test('loads, means what it says, and gives no line', () => {
    const environment = load(sample);
    environment.check(keyGroups([], []));
    expect(environment.problems).toEqual([]);
    expect(environment.get('server.port')).toBe(port);
    expect(environment.names('spring.cloud.stream.bindings')).toEqual([binding]);
    expect(environment.names('spring.cloud.stream.binders')).toEqual(['defaultRabbit']);
    expect(environment.get(`spring.cloud.stream.bindings.${binding}.binder`)).toBe('defaultRabbit');
    expect(environment.get('eureka.client.service-url.defaultZone')).toBe('http://localhost:7001/eureka');
    const binder = environment.child('spring.cloud.stream.binders.defaultRabbit.environment', true);
    expect(binder.get('spring.rabbitmq.port')).toBe('5672');
  });

  test('the embedded profile changes the type of the binder alone', () => {
    const [plain, embedded] = [load(sample), load(sample, '--spring.profiles.active=embedded')];
    const type = 'spring.cloud.stream.binders.defaultRabbit.type';
    expect([plain.get(type), embedded.get(type)]).toEqual(['rabbit', 'embedded']);
    const rest = (environment: Environment): string[] =>
      [...environment.properties()]
        .filter(({ key }) => key !== type && !key.startsWith('spring.profiles'))
        .map(({ key, value }) => `${key}=${value}`);
    expect(rest(embedded)).toEqual(rest(plain));
  });
});
