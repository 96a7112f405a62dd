import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { Protocol } from '../../core/protocol.ts';
import { checkListeners } from './listeners.ts';

const tiny: Protocol<unknown> = {
  name: 'tiny',
  settings: z.unknown(),
  actions: {},
  facts: {},
  objects: [],
  listener: 'socket',
  addresses: () => [],
  accept: async function* () {},
  probe: () => assert.fail('nothing is tried'),
  decoder: () => ({ bytes: () => [], withheld: () => {} }),
};

function checked(listener: object) {
  const problems: string[] = [];
  const listen = { tiny: listener, tls: { insecureLoopback: true } };
  const around = {
    folder: '/etc/chaperone',
    protocols: new Map([['tiny', tiny]]),
    report: (place: readonly PropertyKey[], message: string) => void problems.push(`${place.join('.')}: ${message}`),
  };
  return { listeners: checkListeners({ listen }, around), problems };
}

describe('a listener that is shared', () => {
  const meets: readonly (readonly [shared: string, folder: string])[] = [
    ['./shared', '/etc/chaperone/shared'],
    ['/run/chaperone', '/run/chaperone'],
  ];
  for (const [shared, folder] of meets)
    test(`by ${shared} meets the others in ${folder}`, () => {
      const { listeners, problems } = checked({ address: '127.0.0.1:15432', shared });
      assert.deepEqual(problems, []);
      assert.deepEqual(listeners?.sockets.get('tiny'), { host: '127.0.0.1', port: 15_432, shared: folder });
    });

  test('has a port', () =>
    assert.match(checked({ address: '127.0.0.1:0', shared: './shared' }).problems.join(), /^listen\.tiny\.shared: .*no port/));
  test('has a folder', () => assert.equal(checked({ address: '127.0.0.1:15432', shared: '' }).listeners, null));
});
