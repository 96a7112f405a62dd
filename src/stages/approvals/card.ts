import type { Effect } from '../../core/action.ts';
import { nameOf, type ToldApproval } from './approval.ts';
import { beginning, cut, visible, visibleLine } from './visible.ts';

/** The parts of the card that people decide by, in their order; the console draws the same ones. */
export const cardParts = ['effect', 'statement', 'who', 'why', 'scope', 'does', 'clock', 'soFar', 'words'] as const;

/** Each part in words; `statement` is the act itself and stands elsewhere whole. */
export type Card = { readonly [part in (typeof cardParts)[number]]: string };

const statementLimit = 2_400;
const lineLimit = 200;
const partLimit = 1_000;
const shownDemands = 8;
const shownParameters = 10;

/**
 * What those are told who are told elsewhere. Drawn from what was decoded, without what masking finds; what does not fit is cut with a
 * count. What an agent says of itself stands in the last part alone, as what it is.
 */
export function cardOf(approval: ToldApproval): Card {
  const card: Card = {
    effect: effectLine(approval),
    statement: statementOf(approval),
    who: whoAsks(approval),
    why: `by ${approval.policies.join(', ')}${approval.reasons.map((reason) => ` “${reason}”`).join('')}`,
    scope: scopeOf(approval),
    does: whatApprovingDoes(approval),
    clock: `No answer until ${approval.expiresAt} refuses it.`,
    soFar: soFarOf(approval),
    words: approval.stated === null ? 'none were given.' : `unverified: “${approval.stated}”`,
  };
  return { ...card, ...Object.fromEntries(lines.map((part) => [part, cut(visibleLine(card[part]), partLimit)])) };
}

const lines = cardParts.filter((part) => part !== 'statement');

/** Whether the card's statement is all of the act: somebody who sees less must not say yes to it. */
export function isWhole({
  text,
  textLength,
  parameters,
  parameterCount,
  masked,
}: Pick<ToldApproval, 'text' | 'textLength' | 'parameters' | 'parameterCount' | 'masked'>): boolean {
  const bound = parameters.every((value) => value === null || value.length <= valueLimit);
  return !masked && text.length === textLength && visible(text).length <= statementLimit && parameterCount <= shownParameters && bound;
}

const verbs: { readonly [effect in Effect]: string } = {
  read: 'Read',
  write: 'Change',
  schema: 'Change the definition of',
  admin: 'Change rights or settings of',
  unknown: 'Do something that could not be read to',
};

function effectLine({ effect, demands, estimate, connection, action }: ToldApproval): string {
  const objects = [...new Set(demands.flatMap(({ object }) => (object === null ? [] : [cut(object.name, 80)])))];
  const what = objects.length === 0 ? connection : `${counted(objects, 3, objects.length)} on ${connection}`;
  const rows = effect !== 'read' && effect !== 'write' ? '' : estimate === null ? 'rows of ' : `about ${rowsOf(estimate)} of `;
  return `${verbs[effect]} ${rows}${what} (${action})`;
}

const rowsOf = (rows: number) => (rows === 1 ? '1 row' : `${rows} rows`);

const valueLimit = 60;

function statementOf({ text, textLength, masked, parameters, parameterCount }: ToldApproval): string {
  const shown = masked ? `${visible(text)}\n\n… without what is masked. Read it at the address below before you decide.` : visible(text);
  const begun = beginning(shown, statementLimit);
  const whole = begun.length === shown.length && (masked || text.length === textLength);
  const note = `\n\n… cut: this is the beginning of ${textLength} characters. Read all of it at the address below before you decide.`;
  const bound = parameters
    .slice(0, shownParameters)
    .map((value, index) => `$${index + 1} = ${value === null ? 'NULL' : `'${cut(visibleLine(value), valueLimit)}'`}`);
  const values = parameterCount === 0 ? '' : `\n\n${cut(counted(bound, shownParameters, parameterCount), 400)}`;
  return (whole ? begun : begun + note) + values;
}

function whoAsks({ requester, run, clientAddress }: ToldApproval): string {
  const { issuer, agent } = requester;
  const by = agent === null ? 'alone, with no agent' : `by the agent ${cut(agent, lineLimit)}`;
  const inRun = run === null ? 'in a run without a name' : `in the run ${cut(run, lineLimit)}`;
  return `${cut(nameOf(requester), lineLimit)} (${cut(issuer, lineLimit)}), ${by}, ${inRun}, from ${clientAddress}`;
}

function scopeOf({ demands, estimate }: ToldApproval): string {
  const touched = demands.map(({ action, object }) => (object === null ? action : `${action} ${object.type} ${cut(object.name, 80)}`));
  const rows = estimate === null ? 'How many rows: not known.' : `${rowsOf(estimate)}, about, by the target’s own estimate.`;
  return `${rows} ${counted(touched, shownDemands, touched.length)}`;
}

function whatApprovingDoes({ createdAt, waitUntil, expiresAt }: ToldApproval): string {
  const later = `exactly the same request passes once when it is sent again, until ${expiresAt}; anything else does not.`;
  if (Date.parse(waitUntil) <= Date.parse(createdAt)) return `Nobody waits: ${later}`;
  return `Until ${waitUntil}, while the client waits, it sends the waiting request once, exactly as it stands here. After that ${later}`;
}

function soFarOf({ soFar }: ToldApproval): string {
  if (soFar === null) return 'Not known here; the address below has it.';
  const { exchanges, last } = soFar;
  const before = last.map(({ action, verdict }) => `${cut(action, 60)} ${verdict}`);
  if (before.length === 0) return 'Nothing before this in the session.';
  return `${exchanges} in the session; the last of them: ${before.join(', ')}`;
}

/** The first few of a list, and how many there are besides. */
function counted(items: readonly string[], limit: number, all: number): string {
  const shown = items.slice(0, limit);
  return shown.join(', ') + (all > shown.length ? ` and ${all - shown.length} more` : '');
}
