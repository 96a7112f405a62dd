import type { MaskedReader } from '../archive/masked-counts.ts';
import { detectorNames } from '../stages/masking/detectors/names.ts';
import type { MaskingSettings } from '../stages/masking/settings.ts';
import type { TrialOrder, Tried } from '../stages/masking/trial.ts';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';
import { recordDeed, personOf, recordLook } from './trail.ts';
import { createTurns, tooMany } from './turns.ts';

export interface MaskingSources {
  readonly gateway: GatewayPort;
  /** As configured; null where nothing is masked. */
  readonly masking: MaskingSettings | null;
  readonly masked: MaskedReader;
  readonly tryMasking: (order: TrialOrder) => Promise<Tried>;
}

const dayMs = 86_400_000;
/** Each is a thread of its own, for a second or so. */
const mostTrials = 2;
/** With room for the escapes of JSON. */
const sampleLimit = 256 * 1024;

export function addMaskingRoutes(api: Api, { gateway, masking, masked, tryMasking }: MaskingSources): void {
  const atWork = createTurns(mostTrials);
  api.get(
    '/api/v1/masking',
    {
      schema: {
        summary: 'What is masked by which rule, and what was lately',
        querystring: contract.maskingQuery,
        response: { 200: contract.maskingInForce },
      },
    },
    async (request) => {
      const { since } = request.query;
      await recordLook(gateway, viewing(request), 'masking.read', {});
      return { ...rulesOf(masking), recent: masked.masked(since === undefined ? Date.now() - 7 * dayMs : Date.parse(since)) };
    },
  );
  api.post(
    '/api/v1/masking/try',
    {
      bodyLimit: sampleLimit,
      schema: {
        summary: 'Shows what the wire would of a sample, which is kept nowhere; changes nothing',
        querystring: contract.noQuery,
        body: contract.maskingTrial,
        response: { 200: contract.maskingTried },
      },
    },
    async (request, reply) => {
      const { connection, sample, draft } = request.body;
      const known = await gateway.connections();
      if (!known.some(({ name }) => name === connection)) return sendProblem(reply, noSuchConnection());
      // Who tried, and never what.
      const actor = personOf(viewing(request).principal);
      await recordDeed(gateway, actor, 'masking.tried', { connection, sample: sample.kind, draft: hasRules(draft) });
      const answer = await atWork(() => tryMasking({ settings: masking, connection, sample, draft }));
      return answer ?? sendProblem(reply, tooMany());
    },
  );
}

function rulesOf(masking: MaskingSettings | null) {
  const { columns, detectors, patterns } = masking ?? { columns: [], detectors: [], patterns: [] };
  return {
    configured: masking !== null,
    columns: columns.map(({ column, action }, index) => ({ rule: `columns[${index}]`, column: column.text, action })),
    detectors: detectors.map(({ detect, connections, action }, index) => ({
      rule: `detectors[${index}]`,
      detect,
      connections: connections ?? null,
      action,
    })),
    patterns: patterns.map(({ name, pattern, connections, action }, index) => ({
      rule: `patterns[${index}]`,
      name,
      pattern,
      connections: connections ?? null,
      action,
    })),
    originals: [...(masking?.originals?.recipients ?? [])],
    detectorNames,
  };
}

function hasRules({ columns, detectors, patterns }: TrialOrder['draft']): boolean {
  return columns.length + detectors.length + patterns.length > 0;
}

function noSuchConnection() {
  return problem('NOT_FOUND', 'There is no such connection.', 'They are listed at /api/v1/connections.');
}
