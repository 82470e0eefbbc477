import { expect, test } from '@jest/globals';
import { Logging } from '@streambind/core/internal';

function recording(options: ConstructorParameters<typeof Logging>[0] = {}): { logging: Logging; lines: string[] } {
  const lines: string[] = [];
  return { lines, logging: new Logging({ colour: false, write: (line) => lines.push(line), ...options }) };
}

test('a line has Boot’s layout', () => {
  const { logging, lines } = recording();
  logging.logger('binding').info('input ← orders');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  INFO \d+ --- \[main\] binding {14}: input ← orders\n$/,
  );
});

test('a level counts for a name and what lies below it, also for loggers handed out before', () => {
  const { logging, lines } = recording();
  const kafka = logging.logger('binder.kafka');
  const web = logging.logger('web');
  kafka.debug('1');
  logging.configure({ levels: { binder: 'DEBUG', 'binder.redis': 'OFF', root: 'ERROR' } });
  kafka.debug('2');
  web.warn('3');
  logging.logger('binder.redis').error('4');
  logging.logger('binders').warn('5');
  expect(lines.map((line) => line.trimEnd().slice(-1))).toEqual(['2']);
  expect(web.enabled('ERROR')).toBe(true);
});

test('an error is printed with its stack and its causes', () => {
  const { logging, lines } = recording();
  logging.logger('x').error('failed', new Error('outer', { cause: new Error('inner') }));
  expect(lines[0]).toMatch(/failed\nError: outer\n {4}at [\s\S]+Caused by: Error: inner\n {4}at /);
});

test('ECS lines are JSON, one each', () => {
  const { logging, lines } = recording({ format: 'ecs', application: 'shop' });
  logging.banner('console', ['picture']);
  logging.logger('web').warn('two\nlines', new TypeError('t'));
  expect(lines).toHaveLength(1);
  expect(lines[0]!.trimEnd()).not.toContain('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    'log.level': 'WARN',
    'log.logger': 'web',
    'service.name': 'shop',
    message: 'two\nlines',
    'error.type': 'TypeError',
  });
});
