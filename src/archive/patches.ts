import type { Json, JsonObject } from '../core/json.ts';
import type { Part } from '../core/part.ts';
import type { RecordingLine } from './decoded.ts';

/*
 * What a session has pushed, as a mailbox that `git am` takes: a mail for each commit with one parent at most, as git-format-patch(1)
 * writes it. Made of documents of the type below and the text that follows them; merges, which no mail can carry, are left out, and so
 * is what was refused. What people were asked about is recorded before they have answered, and stands in it whatever they said.
 */
const commitType = 'application/vnd.chaperone.commit+json';

/** A commit, as far as a mail has it. */
interface Commit {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Seconds and zone. */
  readonly authored: string;
  readonly message: string;
}

/** The mailbox in pieces as they come. */
export async function* patchText(lines: AsyncIterable<RecordingLine>): AsyncGenerator<string> {
  // Whose mail is being written, by exchange: pushes of one session may be under way side by side, yet each is recorded in one go.
  let open: number | null = null;
  const refused = new Set<number>();
  for await (const line of lines) {
    if (line.kind === 'decision' && line.decision.code !== null) refused.add(line.exchange);
    if (line.kind === 'withheld' && line.exchange === open) yield withheld(line.count, line.sha256);
    if (line.kind !== 'bytes' || line.direction !== 'request' || refused.has(line.exchange)) continue;
    for (const part of line.parts) {
      if (part.shape === 'text' && line.exchange === open) yield part.text;
      if (part.shape === 'text') continue;
      if (open !== null) yield mailEnd;
      const commit = commitOf(part);
      open = commit === null ? null : line.exchange;
      if (commit !== null) yield mailOf(commit, line.exchange);
    }
  }
  if (open !== null) yield mailEnd;
}

const mailEnd = '-- \nChaperone\n\n';

function withheld(count: number, sha256: string): string {
  return `-- \nChaperone: the rest of this push was not kept (${count} bytes, SHA-256 ${sha256}).\n\n`;
}

/** Null for what is no commit, and for a merge. */
function commitOf(part: Part): Commit | null {
  if (part.shape !== 'document' || part.mediaType !== commitType || !isObject(part.value)) return null;
  const { id, parents, author, authored, message } = part.value;
  if (!Array.isArray(parents) || parents.length > 1 || !isObject(author ?? null)) return null;
  const person = author as JsonObject;
  return { id: word(id), name: word(person['name']), email: word(person['email']), authored: word(authored), message: word(message) };
}

function mailOf({ id, name, email, authored, message }: Commit, exchange: number): string {
  const [subject = '', ...rest] = message.split(/\n\n/);
  const body = rest.join('\n\n').trimEnd();
  return [
    `From ${id} Mon Sep 17 00:00:00 2001`,
    `From: ${phrase(oneLine(name))} <${oneLine(email)}>`,
    `Date: ${dateOf(authored)}`,
    `Subject: [PATCH] ${oneLine(subject)}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: 8bit',
    `X-Chaperone-Exchange: ${exchange}`,
    '',
    ...(body === '' ? [] : [body.split('\n').map(harmless).join('\n')]),
    '---',
    '',
    '',
  ].join('\n');
}

/** A line of a message that git am would take for the end of it, or for the next mail, is moved in by a space. */
function harmless(line: string): string {
  return /^(---|diff -|Index: |From |>+From |\*\*\* )/.test(line) ? ` ${line}` : line;
}

/** A name with a special character in it stands in quotes (RFC 5322 section 3.2.3). */
function phrase(name: string): string {
  return /[()<>@,;:\\".[\]]/.test(name) ? `"${name.replaceAll(/[\\"]/g, '\\$&')}"` : name;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]+/g, ' ').trim();
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As RFC 5322 section 3.3 has it, in the zone that the commit names. */
function dateOf(authored: string): string {
  const [, seconds = '0', sign = '+', hours = '00', minutes = '00'] = /^(\d+) ([+-])(\d\d)(\d\d)$/.exec(authored) ?? [];
  const shift = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
  const time = new Date((Number(seconds) + shift) * 1000);
  const clock = time.toISOString().slice(11, 19);
  return `${days[time.getUTCDay()]}, ${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()} ${clock} ${sign}${hours}${minutes}`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function word(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
