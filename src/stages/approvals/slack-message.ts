import { type ApprovalStatus, nameOf, type ToldApproval } from './approval.ts';
import { missingFrom } from './quorum.ts';
import { beginning, cut, visible, visibleLine } from './visible.ts';

/** Slack's limits: of a text in a section, and of what is left of it for the statement. */
const sectionLimit = 3_000;
const textLimit = 2_400;
const fieldLimit = 200;
const shownDemands = 8;
const shownParameters = 10;

type Block = { readonly [key: string]: unknown };

/** What Slack is asked to show. `text` is for notifications, where nothing of the statement stands. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** An approval as a message; with buttons while it is open. */
export function slackMessage(approval: ToldApproval): SlackMessage {
  const { requester, connection } = approval;
  const title = `${statusWords(approval)}: ${approval.action} on ${connection}, asked by ${nameOf(requester)}`;
  return {
    text: escapeMrkdwn(cut(visibleLine(title), fieldLimit)),
    blocks: [
      plain(cut(visibleLine(title), fieldLimit)),
      statement(approval),
      ...facts(approval),
      ...(approval.status === 'open' ? [buttons(approval)] : []),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** A text for Slack's mrkdwn, in which three characters begin mentions and links. */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function statusWords({ status, ended }: ToldApproval): string {
  const words: { readonly [name in ApprovalStatus]: string } = {
    open: 'Approval needed',
    approved: 'Approved, not used yet',
    used: 'Approved and used',
    denied: `Refused (${ended ?? ''})`,
    expired: 'Expired, which refuses it',
    withdrawn: `Withdrawn (${ended ?? ''})`,
  };
  return words[status];
}

/** Plain text is parsed for nothing: what an agent wrote, and what it could have, stands in plain text alone. */
function plain(text: string): Block {
  return { type: 'section', text: { type: 'plain_text', text: text === '' ? ' ' : text, emoji: false } };
}

function statement({ text, textLength, masked }: ToldApproval): Block {
  const shown = masked ? `${visible(text)}\n\n… without what is masked. Read it at the address below before you decide.` : visible(text);
  const begun = beginning(shown, textLimit);
  const whole = begun.length === shown.length && (masked || text.length === textLength);
  const note = `\n\n… cut: this is the beginning of ${textLength} characters. Read all of it at the address below before you decide.`;
  return plain(cut(whole ? begun : begun + note, sectionLimit));
}

function facts(approval: ToldApproval): Block[] {
  const { requester, parameters, parameterCount, demands, estimate, policies, reasons, groups, decisions } = approval;
  const missing = missingFrom(groups, approval.people, decisions);
  const touched = demands.map(({ action, object }) => (object === null ? action : `${action} ${object.type} ${object.name}`));
  const bound = parameters
    .slice(0, shownParameters)
    .map((value, index) => `$${index + 1} = ${value === null ? 'NULL' : `'${cut(value, 60)}'`}`);
  const lines: readonly (readonly [string, string])[] = [
    ['Effect', approval.effect],
    ['Touches', counted(touched, shownDemands, touched.length)],
    ...(parameterCount === 0 ? [] : [['Values', counted(bound, shownParameters, parameterCount)] as const]),
    ['Rows', estimate === null ? 'not known' : `about ${estimate}, says the target`],
    ['Who', `${nameOf(requester)} (${requester.issuer})`],
    ['Agent', requester.agent ?? 'none, the person alone'],
    ['Run', approval.run ?? 'not named'],
    ['From', approval.clientAddress],
    ['Rules', policies.join(', ') + reasons.map((reason) => ` “${reason}”`).join('')],
    ['Answers', decisions.map((made) => `${nameOf(made)}: ${made.decision}`).join(', ') || 'none yet'],
    ...(approval.status === 'open'
      ? [['Still needed', `${missing.people} of ${missing.groups.join(', ') || groups.join(', ')}`] as const]
      : []),
    ['No answer', `refuses it at ${approval.expiresAt}`],
  ];
  const body = lines.map(([name, value]) => `${name}: ${cut(visibleLine(value), fieldLimit)}`);
  const link = { type: 'mrkdwn', text: `<${approval.address}|All of it>`, verbatim: true };
  return [plain(cut(body.join('\n'), sectionLimit)), { type: 'context', elements: [link] }];
}

/** The first few of a list, and how many there are besides. */
function counted(items: readonly string[], limit: number, all: number): string {
  const shown = items.slice(0, limit);
  return shown.join(', ') + (all > shown.length ? ` and ${all - shown.length} more` : '');
}

/** An answer names the approval and what was seen of it, so that it can count for nothing else. */
function buttons({ id, digest }: ToldApproval): Block {
  const value = JSON.stringify({ id, digest });
  const text = (words: string) => ({ type: 'plain_text', text: words, emoji: false });
  const confirm = {
    title: text('Approve this?'),
    text: text('The very statement shown here will be sent, once.'),
    confirm: text('Approve'),
    deny: text('Go back'),
  };
  return {
    type: 'actions',
    elements: [
      { type: 'button', action_id: 'approve', text: text('Approve'), value, confirm },
      { type: 'button', action_id: 'deny', text: text('Refuse'), value },
    ],
  };
}
