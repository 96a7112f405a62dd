import type { Protocol } from '../../core/protocol.ts';
import { actions, facts, objects } from './actions.ts';
import { accept } from './client.ts';
import { createDecoder } from './decoder.ts';
import { probe } from './probe.ts';
import { type Settings, settings } from './settings.ts';

export const protocol = {
  name: 'postgres',
  settings,
  actions,
  facts,
  objects,
  listener: 'socket',
  addresses: ({ target }) => target.hosts,
  accept,
  probe,
  decoder: createDecoder,
} as const satisfies Protocol<Settings>;
