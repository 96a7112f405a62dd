import type { KeptVersion } from '../stages/policy/versions.ts';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';
import { recordLook } from './trail.ts';

export interface PolicySources {
  readonly gateway: GatewayPort;
  readonly versions: {
    all(): Promise<readonly KeptVersion[]>;
    files(version: string): Promise<{ readonly note: KeptVersion; readonly texts: readonly { name: string; text: string }[] } | null>;
  };
}

/** Each check is a thread of its own for some hundred milliseconds. */
const mostChecks = 2;
/** With room for the escapes of JSON. */
const draftLimit = 2 * 1024 * 1024;

export function addPolicyRoutes(api: Api, { gateway, versions }: PolicySources): void {
  let checks = 0;
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
      if (checks >= mostChecks) return sendProblem(reply, problem('TOO_MANY', 'Other drafts are being checked.', 'Try again in a second.'));
      checks += 1;
      try {
        return await gateway.checkPolicies(request.body.files);
      } finally {
        checks -= 1;
      }
    },
  );
}
