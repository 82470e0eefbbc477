import { describe, expect, test } from '@jest/globals';
import { parseMediaType } from '../../src/converter/index.js';

describe('parseMediaType', () => {
  test.each<[string, string, boolean, boolean, string | undefined]>([
    ['application/json', 'application/json', true, false, undefined],
    ['application/json;charset=UTF-8', 'application/json', true, false, 'utf-8'],
    ['Application/JSON ; Charset="UTF-8" ; q=1 ', 'application/json', true, false, 'utf-8'],
    [' application/json ', 'application/json', true, false, undefined],
    ['application/vnd.acme.order+json', 'application/vnd.acme.order+json', true, false, undefined],
    ['application/*+avro', 'application/*+avro', false, false, undefined],
    ['text/plain', 'text/plain', false, true, undefined],
    ['text/csv; header="a;b\\"c"; charset=latin1', 'text/csv', false, true, 'latin1'],
    ['text/json', 'text/json', true, false, undefined],
    ['text/plain;;charset=;', 'text/plain', false, true, undefined],
    ['application/octet-stream', 'application/octet-stream', false, false, undefined],
    ['application/x-java-object;type=Greetings', 'application/x-java-object', false, false, undefined],
  ])('%s', (text, name, json, plain, charset) => {
    const mime = parseMediaType(text);
    expect({ ...mime, name: `${mime.type}/${mime.subtype}` }).toMatchObject({ text, name, json, plain, charset });
  });

  test('parameters', () => {
    const { parameters } = parseMediaType('text/csv; Header="a;b\\"c"; Empty=; charset=x');
    expect([...parameters]).toEqual([['header', 'a;b"c'], ['empty', ''], ['charset', 'x']]); // prettier-ignore
  });

  test.each(['', 'json', '/json', 'text/', 'text plain', 'a/b/c', 'text/plain charset=x'])('%p is none', (text) => {
    expect(() => parseMediaType(text)).toThrow(expect.objectContaining({ code: 'CONVERSION' }));
  });
});
