import type { WebProtocol } from '../../core/protocol.ts';
import { actions, facts, objects } from './actions.ts';
import { HttpConversation } from './conversation.ts';
import { createDecoder } from './decoder.ts';
import { keptOfDocument } from './openapi-setting.ts';
import { type Settings, settings } from './settings.ts';

export const protocol = {
  name: 'http',
  settings,
  actions,
  facts,
  objects,
  listener: 'web',
  addresses: ({ target, credentials }) =>
    [target.url, ...(credentials !== undefined && 'oauth' in credentials ? [credentials.oauth.tokenUrl] : [])].map(({ host, port }) => ({
      host,
      port,
    })),
  converse: (session, target, mediate) => new HttpConversation(session, target, mediate),
  probe: () => ({ method: 'HEAD', path: '/' }),
  documents: { 'target.openapi': keptOfDocument },
  decoder: createDecoder,
} as const satisfies WebProtocol<Settings>;
