import type { WebProtocol } from '../../core/protocol.ts';
import { actions, facts, objects } from './actions.ts';
import { Conversation } from './conversation.ts';
import { createDecoder } from './decoder.ts';
import { type Settings, settings } from './settings.ts';

export const protocol = {
  name: 'git',
  settings,
  actions,
  facts,
  objects,
  listener: 'web',
  addresses: ({ target: { url, lfs } }) => [url, ...lfs.origins].map(({ host, port }) => ({ host, port })),
  converse: (session, target, mediate) => new Conversation(session, target, mediate),
  probe: () => ({ method: 'GET', path: '/info/refs?service=git-upload-pack' }),
  decoder: createDecoder,
} as const satisfies WebProtocol<Settings>;
