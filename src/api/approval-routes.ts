import type { FastifyRequest } from 'fastify';
import type { Approval } from '../stages/approvals/approval.ts';
import type { OpenDesk } from '../stages/approvals/index.ts';
import { missingFrom } from '../stages/approvals/quorum.ts';
import { approvalViewer, type Viewer } from './access.ts';
import * as contract from './contract.ts';
import { viewedApproval, viewing } from './gate.ts';
import { problem, sendProblem } from './problem.ts';
import type { RepeatedLooks } from './repeated-looks.ts';
import type { Api } from './routes.ts';

export interface ApprovalSources {
  readonly approvals: Pick<OpenDesk, 'desk' | 'addressOf' | 'pressed'>;
  readonly looks: Pick<RepeatedLooks, 'look'>;
}

/** A message with its blocks, written as a form: three times as long as the message itself. */
const slackBodyLimit = 256 * 1024;

export function addApprovalRoutes(api: Api, sources: ApprovalSources): void {
  addReadingRoutes(api, sources);
  addDecidingRoute(api, sources);
  addSlackRoute(api, sources);
}

function addReadingRoutes(api: Api, sources: ApprovalSources): void {
  const { approvals, looks } = sources;
  api.get(
    '/api/v1/approvals',
    {
      schema: {
        summary: 'What people were asked, newest first',
        querystring: contract.approvalQuery,
        response: { 200: contract.approvalPage },
      },
    },
    async (request) => {
      const { status = null, limit, cursor = null } = request.query;
      const viewer = viewing(request);
      if (viewer.visibility === 'all') await looks.look(viewer, 'approvals.read', { status });
      const { items, next } = approvals.desk.list({ status }, approvalViewer(viewer), { limit, cursor });
      return { items: items.map((item) => shown(item, sources)), next };
    },
  );
  api.get(
    '/api/v1/approvals/:id',
    {
      schema: {
        summary: 'One approval',
        params: contract.sessionParams,
        querystring: contract.noQuery,
        response: { 200: contract.approval },
      },
    },
    async (request) => {
      const approval = viewedApproval(request);
      const viewer = viewing(request);
      if (!isConcerned(viewer, approval)) await looks.look(viewer, 'approval.read', { approval: approval.id });
      return shown(approval, sources);
    },
  );
}

function addDecidingRoute(api: Api, sources: ApprovalSources): void {
  api.post(
    '/api/v1/approvals/:id',
    {
      schema: {
        summary: 'Decides; for members of the asked groups who have not asked themselves, with a token that no agent acts by',
        params: contract.sessionParams,
        querystring: contract.noQuery,
        body: contract.approvalAnswer,
        response: { 200: contract.approval },
      },
    },
    async (request, reply) => {
      const { decision, reason = null, digest = null } = request.body;
      const { issuer, subject, email, groups, agent } = viewing(request).principal;
      const approver = { issuer, subject, email, groups, agent, via: 'api' } as const;
      const answer = { decision, reason: reason === '' ? null : reason, digest };
      const taken = await sources.approvals.desk.decide(viewedApproval(request).id, approver, answer);
      if ('kind' in taken) return sendProblem(reply, problem(taken.code, taken.message, taken.hint));
      return shown(taken, sources);
    },
  );
}

/** The one route that needs the bytes as they came: the signature is over them. */
function addSlackRoute(api: Api, { approvals }: ApprovalSources): void {
  void api.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/api/v1/slack/interactions',
      {
        bodyLimit: slackBodyLimit,
        schema: { summary: 'A button that was pressed in Slack, signed by Slack', querystring: contract.noQuery },
      },
      async (request: FastifyRequest, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const [timestamp, signature] = [header(request, 'x-slack-request-timestamp'), header(request, 'x-slack-signature')];
        const pressed = await approvals.pressed({ timestamp, signature, body });
        switch (pressed) {
          case 'unsigned':
            return sendProblem(
              reply,
              problem('TOKEN_INVALID', 'This is not signed by Slack, or too old.', 'Check the signing secret and the clock.'),
            );
          case 'unreadable':
            return sendProblem(
              reply,
              problem('REQUEST_INVALID', 'This is not a press of one of Chaperone’s buttons.', 'Nothing was decided.'),
            );
          case 'answered':
            return reply.code(200).send();
          default:
            return pressed satisfies never;
        }
      },
    );
  });
}

function header({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function shown(approval: Approval, { approvals }: ApprovalSources): contract.ApprovalItem {
  const missing = missingFrom(approval.groups, approval.people, approval.decisions);
  return { ...approval, address: approvals.addressOf(approval), missing, waiting: approvals.desk.isAwaited(approval.id) };
}

/** Whether the viewer asked, or is asked; others look as auditors do, and that is on record. */
function isConcerned(viewer: Viewer, { requester, groups }: Approval): boolean {
  const { issuer, subject, groups: own } = approvalViewer(viewer);
  return (requester.issuer === issuer && requester.subject === subject) || groups.some((group) => own.includes(group));
}
