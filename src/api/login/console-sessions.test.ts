import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Principal } from '../../core/principal.ts';
import { people } from '../trial.test-support.ts';
import { type ConsoleSessions, idleMs, isCsrfOf, openConsoleSessions } from './console-sessions.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 1);

function signedUntil(expiresAt: number, subject = 'ada'): Principal {
  const ada = people['adaAlone'] ?? assert.fail('nobody');
  return { ...ada, subject, token: { ...ada.token, expiresAt } };
}

describe('who is signed in', () => {
  let now = start;
  let sessions: ConsoleSessions;
  beforeEach(() => {
    now = start;
    sessions = openConsoleSessions(':memory:', () => now);
  });
  afterEach(() => sessions.close());

  test('is found by the secret alone', () => {
    const secret = sessions.open(signedUntil(start + hour));
    const found = sessions.find(secret);
    assert.equal(found?.principal.subject, 'ada');
    assert.equal(found?.endsAt, start + hour);
    assert.equal(sessions.find(`${secret}x`), null);
    assert.equal(sessions.find(''), null);
    sessions.end(secret);
    assert.equal(sessions.find(secret), null);
  });

  test('is so until the token ends, and not a moment longer', () => {
    const secret = sessions.open(signedUntil(start + 10 * 60_000));
    now = start + 10 * 60_000 - 1;
    assert.ok(sessions.find(secret));
    now += 1;
    assert.equal(sessions.find(secret), null);
    now = start;
    assert.equal(sessions.find(secret), null, 'a clock that is set back brings nobody back');
  });

  test('is so for twelve hours at most', () => {
    const secret = sessions.open(signedUntil(start + 100 * hour));
    for (; now < start + 12 * hour - idleMs / 2; now += idleMs / 2) assert.ok(sessions.find(secret));
    now = start + 12 * hour;
    assert.equal(sessions.find(secret), null);
  });

  test('is so while they are here', () => {
    const secret = sessions.open(signedUntil(start + 10 * hour));
    now += idleMs - 1;
    assert.ok(sessions.find(secret));
    now += idleMs - 1;
    assert.ok(sessions.find(secret), 'the look before counts');
    now += idleMs;
    assert.equal(sessions.find(secret), null);
  });

  test('has so many browsers and no more, and the first one goes', () => {
    const others = sessions.open(signedUntil(start + hour, 'bob'));
    const secrets = Array.from({ length: 22 }, () => {
      now += 1;
      return sessions.open(signedUntil(start + hour));
    });
    assert.deepEqual(
      secrets.map((secret) => sessions.find(secret) !== null),
      [false, false, ...Array.from({ length: 20 }, () => true)],
    );
    assert.ok(sessions.find(others));
  });

  test('has a token of their own against forgery', () => {
    const [one, other] = [sessions.find(sessions.open(signedUntil(start + hour))), sessions.find(sessions.open(signedUntil(start + hour)))];
    assert.ok(one && other);
    assert.ok(isCsrfOf(one.csrf, one));
    for (const given of [undefined, '', other.csrf, `${one.csrf} `]) assert.ok(!isCsrfOf(given, one));
  });
});
