import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statedBy } from './web-stated.ts';

/** As Node hands in what a client has sent. */
const sent = (bytes: Buffer | string) => Buffer.from(bytes).toString('latin1');

describe('Chaperone-Reason', () => {
  for (const [name, value, stated] of [
    ['plain words', 'the order is paid twice', 'the order is paid twice'],
    ['UTF-8, as curl sends it', sent('Rückzahlung → doppelt'), 'Rückzahlung → doppelt'],
    ['Latin-1, as others do', sent(Buffer.from('R\u00fcck', 'latin1')), 'Rück'],
    ['bytes that are neither', sent(Buffer.from([0x41, 0xff, 0x9b])), 'A\u00ff\u009b'],
    ['the form of RFC 8187', "UTF-8'en'paid%20%E2%86%92%20twice", 'paid → twice'],
    ['the same, badly coded', "UTF-8''100%", '100%'],
    ['percent signs that code nothing', '50%20', '50%20'],
    ['nothing but space', '   ', null],
    ['none', undefined, null],
  ] as const)
    test(`takes ${name}`, () => assert.equal(statedBy(value), stated));
});
