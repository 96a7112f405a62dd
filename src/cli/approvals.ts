import type { ApprovalItem } from '../api/contract.ts';
import * as contract from '../api/contract.ts';
import type { Page, PageRequest } from '../archive/items.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './failure.ts';
import { type Output, type Streams, styled } from './output.ts';
import { readBack } from './read-back.ts';
import { type Limits, promptLines } from './result.ts';
import { askServer, type Server } from './server-source.ts';
import { footer, shortTime } from './sessions.ts';
import { boundValues } from './table.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

/** Lists what people were asked, newest first. */
export async function listApprovals(
  server: Server,
  { status, page, json }: { readonly status: string | null; readonly page: PageRequest; readonly json: boolean },
  { out }: Streams,
): Promise<void> {
  const found = await askServer(server, '/api/v1/approvals', { query: { status, ...page } }, contract.approvalPage);
  await out.write(json ? `${jsonLine(found)}\n` : pageOf(found ?? { items: [], next: null }, out));
}

function pageOf({ items, next }: Page<ApprovalItem>, out: Output): string {
  const nothing = items.length === 0 ? ['No approvals.', ''] : [];
  return [
    ...nothing,
    ...items.flatMap((item) => [...approvalLines(item, out, beginning), '']),
    footer(items.length, 'approval', next),
    '',
  ].join('\n');
}

export interface Decision {
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  /** What an approver says the act is about, where that was given with the command. */
  readonly readBack: string | null;
  readonly json: boolean;
}

/** Shows all of an approval and decides exactly that: what changed in between is not decided. `input` is the terminal's, or none's. */
export async function decideApproval(
  server: Server,
  id: string,
  { decision, reason, readBack: given, json }: Decision,
  { streams: { out, err }, stdin: input }: Pick<CommandContext, 'streams' | 'stdin'>,
): Promise<void> {
  const route = `/api/v1/approvals/${encodeURIComponent(id)}`;
  const seen = (await askServer(server, route, {}, contract.approval)) ?? notThere(id);
  // What a program reads is not mixed with what a person does.
  const output = json ? err : out;
  if (!json || (decision === 'approve' && input.isTTY)) await output.write(`${approvalLines(seen, output, all).join('\n')}\n\n`);
  if (decision === 'approve') await readBack(seen, { given, input, output });
  const body = { decision, reason, digest: seen.digest };
  const decided = (await askServer(server, route, { body }, contract.approval)) ?? notThere(id);
  await out.write(json ? `${jsonLine(decided)}\n` : `${outcome(decided, decision)}\n`);
}

function notThere(id: string): never {
  throw new CommandFailure(
    'NOT_FOUND',
    `There is no approval ${id}, or you may not see it.`,
    'List those you may see with: chaperone approvals',
  );
}

function outcome({ status, missing, waiting, expiresAt }: ApprovalItem, decision: Decision['decision']): string {
  if (decision === 'deny') return 'Refused.';
  if (status === 'open') return `Your yes is on record; still needed: ${stillNeeded(missing)}.`;
  return waiting ? 'Approved: the waiting request is sent.' : `Approved: the same request may pass once, until ${shortTime(expiresAt)}.`;
}

function stillNeeded({ groups, people }: ApprovalItem['missing']): string {
  const of = groups.length === 0 ? '' : ` of ${groups.map((group) => `"${visibleLine(group)}"`).join(' and ')}`;
  return `${people} more ${people === 1 ? 'person' : 'people'}${of}`;
}

const beginning: Limits = { rows: 0, cell: 0, lines: 40 };
const all: Limits = { rows: 0, cell: Infinity, lines: Infinity };

function approvalLines(item: ApprovalItem, out: Output, limits: Limits): string[] {
  const { requester, parameters, parameterCount, text, textLength, estimate, demands } = item;
  const shown = promptLines('    ', text, limits);
  const objects = demands.flatMap(({ object }) => (object === null ? [] : [`${object.type} ${object.name}`]));
  const facts: readonly (readonly [string, string | null])[] = [
    ['who', `${requester.email ?? requester.subject} (${requester.issuer})`],
    ['agent', requester.agent ?? 'none: the person alone'],
    ['run', item.run],
    ['on', `${item.connection}, from ${item.clientAddress}`],
    ['does', `${item.action} (${item.effect})${objects.length === 0 ? '' : `: ${[...new Set(objects)].join(', ')}`}`],
    ['rows', estimate === null ? null : `about ${estimate}, by the target’s own estimate`],
    ['values', parameterCount === 0 ? null : boundValues(parameters, 60) + more(parameterCount - parameters.length)],
    [
      'says',
      item.stated === null ? null : `“${item.stated}” (unverified: ${requester.agent === null ? 'their' : 'the agent’s'} own words)`,
    ],
    ['rule', [...item.policies, ...item.reasons].join('. ')],
    ['answers', item.decisions.map((made) => `${made.decision} by ${made.email ?? made.subject}`).join(', ') || null],
    ['needs', item.status === 'open' ? `${stillNeeded(item.missing)}; no answer until ${shortTime(item.expiresAt)} refuses it` : null],
    ['ended', item.ended],
  ];
  const told = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== '');
  return [
    `${styled(out, 'bold', item.id)}  ${item.status} · ${shortTime(item.createdAt)}${item.waiting ? ' · the client waits' : ''}`,
    ...shown,
    ...(textLength > text.length ? [styled(out, 'yellow', `    … cut: the whole has ${counted(textLength, 'character')}`)] : []),
    ...told.map(([name, value]) => `  ${styled(out, 'dim', name.padEnd(8))} ${shorten(visibleLine(value), 600)}`),
  ];
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : '';
}
