import type { SessionFilter } from '../archive/items.ts';
import type { DraftFile } from '../stages/policy/draft.ts';
import type { KeptVersion } from '../stages/policy/versions.ts';
import type { BacktestFindings } from './backtest/run.ts';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { problem, sendProblem } from './problem.ts';
import { type Api, present } from './routes.ts';
import { recordLook } from './trail.ts';
import { createTurns, tooMany } from './turns.ts';

export interface PolicySources {
  readonly gateway: GatewayPort;
  /** Judges recorded exchanges by a draft. */
  readonly backtest: (files: readonly DraftFile[], filter: SessionFilter) => Promise<BacktestFindings>;
  readonly versions: {
    all(): Promise<readonly KeptVersion[]>;
    files(version: string): Promise<{ readonly note: KeptVersion; readonly texts: readonly { name: string; text: string }[] } | null>;
  };
}

/** Each is a thread of its own, for some hundred milliseconds or, where recorded exchanges are judged anew, for up to twenty seconds. */
const mostDrafts = 2;
/** With room for the escapes of JSON. */
const draftLimit = 2 * 1024 * 1024;

export function addPolicyRoutes(api: Api, sources: PolicySources): void {
  addPolicyReading(api, sources);
  addPolicyDrafts(api, sources);
}

function addPolicyReading(api: Api, { gateway, versions }: PolicySources): void {
  api.get(
    '/api/v1/policies',
    { schema: { summary: 'The policies in force', querystring: contract.noQuery, response: { 200: contract.policySet } } },
    async () => gateway.policies(),
  );
  api.get(
    '/api/v1/policies/versions',
    {
      schema: {
        summary: 'The versions that were ever in force',
        querystring: contract.noQuery,
        response: { 200: contract.policyVersions },
      },
    },
    async () => ({ items: await versions.all() }),
  );
  api.get(
    '/api/v1/policies/versions/:version',
    {
      schema: {
        summary: 'One version with its files',
        params: contract.versionParams,
        querystring: contract.noQuery,
        response: { 200: contract.policyVersion },
      },
    },
    async (request, reply) => {
      const { version } = request.params;
      const found = await versions.files(version);
      if (found === null)
        return sendProblem(reply, problem('NOT_FOUND', 'There is no such version.', 'They are listed at /api/v1/policies/versions.'));
      await recordLook(gateway, viewing(request), 'policies.read', { version });
      return { ...found.note, texts: found.texts };
    },
  );
}

function addPolicyDrafts(api: Api, { gateway, backtest }: PolicySources): void {
  const atWork = createTurns(mostDrafts);
  api.post(
    '/api/v1/policies/check',
    {
      bodyLimit: draftLimit,
      schema: {
        summary: 'Says what would become of these files in the folder of the policies; changes nothing',
        querystring: contract.noQuery,
        body: contract.policyDraft,
        response: { 200: contract.draftFindings },
      },
    },
    async (request, reply) => {
      const answer = await atWork(() => gateway.checkPolicies(request.body.files));
      return answer ?? sendProblem(reply, tooMany());
    },
  );
  api.post(
    '/api/v1/policies/test',
    {
      bodyLimit: draftLimit,
      schema: {
        summary: 'Judges recorded exchanges by these files and lists what would be decided otherwise; changes nothing',
        querystring: contract.noQuery,
        body: contract.policyTest,
        response: { 200: contract.testFindings },
      },
    },
    async (request, reply) => {
      const { files, ...rest } = request.body;
      const filter = present(rest);
      await recordLook(gateway, viewing(request), 'policies.tested', { ...filter });
      const answer = await atWork(() => backtest(files, filter));
      return answer ?? sendProblem(reply, tooMany());
    },
  );
}
