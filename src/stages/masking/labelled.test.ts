import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectors } from './detectors/index.ts';
import { labelledSet } from './labelled.test-support.ts';
import { Screen } from './screen.ts';

/** What is reached stands in docs/masking.md; a change may not fall below these. */
const floors: readonly { readonly name: string; readonly recall: number; readonly precision: number }[] = [
  { name: 'secret', recall: 0.98, precision: 0.99 },
  { name: 'email', recall: 0.98, precision: 0.99 },
  { name: 'iban', recall: 0.99, precision: 0.99 },
  { name: 'card', recall: 0.99, precision: 0.99 },
  { name: 'phone', recall: 0.92, precision: 0.99 },
  { name: 'ip', recall: 0.99, precision: 0.97 },
  { name: 'de-tax-id', recall: 0.99, precision: 0.95 },
  { name: 'es-dni', recall: 0.99, precision: 0.99 },
  { name: 'fr-nir', recall: 0.99, precision: 0.99 },
  { name: 'it-codice-fiscale', recall: 0.99, precision: 0.99 },
  { name: 'nl-bsn', recall: 0.85, precision: 0.99 },
  { name: 'pl-pesel', recall: 0.99, precision: 0.95 },
  { name: 'gb-nino', recall: 0.99, precision: 0.99 },
  { name: 'us-ssn', recall: 0.9, precision: 0.99 },
  { name: 'se-personnummer', recall: 0.99, precision: 0.99 },
  { name: 'fi-hetu', recall: 0.99, precision: 0.99 },
  { name: 'br-cpf', recall: 0.9, precision: 0.99 },
  { name: 'in-aadhaar', recall: 0.9, precision: 0.99 },
];

const uses = detectors.map((detector) => {
  const { name, shape } = detector;
  return { name, shape, action: 'redact', rule: 'detectors[0]', detector } as const;
});
const set = labelledSet();

describe('the detectors on the labelled set', () => {
  test('which has 1,500 values at least, a third of them to be left alone', () => {
    const values = set.flatMap((line) => line.values);
    assert.ok(values.length >= 1_500);
    assert.ok(values.filter(({ name }) => name === '-').length >= values.length / 3);
    assert.deepEqual(new Set(floors.map(({ name }) => name)), new Set(detectors.map(({ name }) => name)));
  });

  const all = new Screen(uses, []);
  for (const { name, recall, precision } of floors) {
    test(`${name}: recall ${recall}, precision ${precision}`, () => {
      const alone = new Screen(
        uses.filter((use) => use.name === name),
        [],
      );
      let [found, wrong] = [0, 0];
      const missed: string[] = [];
      for (const { text, values } of set) {
        const spans = alone.find(text, '');
        for (const value of values.filter((value) => value.name === name)) {
          if (spans.some(({ start, end }) => start <= value.start && end >= value.end)) found += 1;
          else missed.push(text);
        }
        // Among all, as they are used: what another detector has a better claim to is not wrong.
        for (const { start, end, cause } of all.find(text, ''))
          if (cause.name === name && !values.some((value) => value.name !== '-' && start < value.end && end > value.start)) wrong += 1;
      }
      assert.ok(found / (found + missed.length) >= recall, `found ${found}, missed:\n${missed.join('\n')}`);
      assert.ok(found / (found + wrong) >= precision, `found ${found}, ${wrong} wrong`);
    });
  }
});
