import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { multipartParts } from './multipart.ts';

const head = (name: string, more = '') => `Content-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
const form = (...parts: readonly (string | Buffer)[]) =>
  Buffer.concat([...parts.flatMap((part) => [Buffer.from('--b\r\n'), Buffer.from(part), Buffer.from('\r\n')]), Buffer.from('--b--\r\n')]);

describe('a form of parts', () => {
  test('says its texts, and its files as bytes', () => {
    const file = Buffer.from([0x89, 0, 0x0d, 0x0a, 0xff]);
    const body = form(`${head('note')}Löwe`, Buffer.concat([Buffer.from(head('file', '; filename="a.png"')), file]), head('last'));
    const parts = multipartParts(body);
    assert.deepEqual(
      parts.map(({ shape }) => shape),
      ['text', 'bytes', 'text'],
    );
    const [said] = parts;
    assert.ok(said?.shape === 'text' && said.text.includes('Löwe') && said.text.endsWith('filename="a.png"\r\n\r\n'));
    const whole = parts.map((part) =>
      part.shape === 'bytes' ? Buffer.from(part.base64 ?? '', 'base64') : Buffer.from(part.shape === 'text' ? part.text : ''),
    );
    assert.deepEqual(Buffer.concat(whole), body);
  });
  test('that is all text is one text', () => {
    const body = form(`${head('a')}1`, `${head('b')}2`);
    assert.deepEqual(multipartParts(body), [{ shape: 'text', text: body.toString() }]);
  });
  for (const body of ['no boundary', '--b', '', `--${'b'.repeat(80)}\r\n`])
    test(`that is none is bytes: ${JSON.stringify(body.slice(0, 20))}`, () =>
      assert.equal(multipartParts(Buffer.from(body))[0]?.shape, 'bytes'));
});
