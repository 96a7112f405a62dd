import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KnownPayload } from '../../core/known-payload.ts';
import { longestPlaced, placesOfSession } from '../../core/said.ts';
import { Places } from './places.ts';

const payload = (length: number) => new KnownPayload(Buffer.alloc(length, 'x'));

describe('places of what was said', () => {
  test('are found in the segment they were taken in, and in no other', () => {
    const places = new Places();
    const said = payload(10);
    assert.equal(places.find(said, 1), 0);
    assert.equal(places.take(said, 1), 1);
    assert.equal(places.take(payload(10), 1), 2);
    assert.equal(places.find(said, 1), 1);
    assert.equal(places.find(said, 2), 0);
    assert.equal(places.take(said, 2), 1);
    assert.equal(places.find(said, 1), 0);
  });

  test('are as many as a reader keeps: the oldest one makes room', () => {
    const places = new Places();
    const all = Array.from({ length: placesOfSession + 1 }, () => payload(10));
    assert.deepEqual(
      all.map((said) => places.take(said, 1)),
      [...Array.from({ length: placesOfSession }, (_, index) => index + 1), 1],
    );
    assert.deepEqual(
      all.map((said) => places.find(said, 1)),
      [0, ...Array.from({ length: placesOfSession - 1 }, (_, index) => index + 2), 1],
    );
  });

  test('are not given to what is long, nor kept when it may not have been written', () => {
    const places = new Places();
    assert.equal(places.take(payload(longestPlaced + 1), 1), 0);
    const said = payload(longestPlaced);
    assert.equal(places.take(said, 1), 1);
    places.forget();
    assert.equal(places.find(said, 1), 0);
  });
});
