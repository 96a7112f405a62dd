import { type ApprovalStatus, nameOf, type ToldApproval } from './approval.ts';
import { type Card, cardOf, cardParts, isWhole } from './card.ts';
import { missingFrom } from './quorum.ts';
import { needsReadBack } from './tier.ts';
import { cut, visibleLine } from './visible.ts';

/** Slack's limit of a text in a section; a message has at most 50 of them. */
const sectionLimit = 3_000;
const fieldLimit = 200;

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
  // Who has not seen all of it, or would have to read it back, must not say yes to it here; a no needs nothing.
  const mayApprove = approval.status !== 'open' || (isWhole(approval) && !needsReadBack(approval));
  const title = `${statusWords(approval)}: ${approval.action} on ${connection}, asked by ${nameOf(requester)}`;
  return {
    text: escapeMrkdwn(cut(visibleLine(title), fieldLimit)),
    blocks: [
      plain(cut(visibleLine(title), fieldLimit)),
      ...parts(approval),
      answers(approval),
      link(approval, mayApprove ? 'All of it' : 'Open to decide'),
      ...(approval.status === 'open' ? [buttons(approval, mayApprove)] : []),
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

/** One part a block, each under its name; a text may hold anything, and so is plain. */
function parts(approval: ToldApproval): Block[] {
  const card = cardOf(approval);
  return cardParts.map((part) => plain(cut(labels[part] + card[part], sectionLimit)));
}

const labels: { readonly [part in keyof Card]: string } = {
  effect: '',
  statement: '',
  who: 'Who asks: ',
  why: 'Why it is held: ',
  scope: 'What it touches: ',
  does: 'What approving does: ',
  clock: '',
  soFar: 'So far: ',
  words: 'The agent’s own words: ',
};

function answers({ groups, people, decisions, status }: ToldApproval): Block {
  const made = decisions.map((decision) => `${nameOf(decision)}: ${decision.decision}`).join(', ') || 'none yet';
  const missing = missingFrom(groups, people, decisions);
  const needed = status === 'open' ? `. Still needed: ${missing.people} of ${missing.groups.join(', ') || groups.join(', ')}` : '';
  return plain(cut(visibleLine(`Answers: ${made}${needed}`), fieldLimit * 2));
}

function link({ address }: ToldApproval, words: string): Block {
  return { type: 'context', elements: [{ type: 'mrkdwn', text: `<${address}|${words}>`, verbatim: true }] };
}

/** An answer names the approval and what was seen of it, so that it can count for nothing else. */
function buttons({ id, digest, address }: ToldApproval, mayApprove: boolean): Block {
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
      mayApprove
        ? { type: 'button', action_id: 'approve', text: text('Approve'), value, confirm }
        : { type: 'button', action_id: 'open', text: text('Approve in the console'), url: address },
      { type: 'button', action_id: 'deny', text: text('Refuse'), value },
    ],
  };
}
