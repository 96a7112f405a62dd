import type { Outcome } from '../core/entry.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Part } from '../core/part.ts';
import type { RecordingLine } from './decoded.ts';

/*
 * What a session has pushed, as a mailbox that `git am` takes: a mail for each commit with one parent at most, as git-format-patch(1)
 * writes it. Made of documents of the type below and of the text and bytes that follow them; merges, which no mail can carry, are left out.
 * So is what was not permitted: what people are asked about is recorded before they have answered, so the record is read for its decisions first.
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

/** What became of each push that was permitted; null where the record does not say. */
type Permitted = ReadonlyMap<number, Outcome | null>;

/** The mailbox in pieces as they come; the record is read twice. */
export async function* patchText(read: () => AsyncIterable<RecordingLine>): AsyncGenerator<string> {
  const permitted = await permittedIn(read());
  // Whose mail is being written, by exchange: pushes of one session may be under way side by side, yet each is recorded in one go.
  let open: number | null = null;
  for await (const line of read()) {
    if (line.kind === 'withheld' && line.exchange === open) yield withheld(line.count, line.sha256);
    if (line.kind !== 'bytes' || line.direction !== 'request' || !permitted.has(line.exchange)) continue;
    for (const part of line.parts) {
      const content = contentOf(part);
      if (content !== null && line.exchange === open) yield content;
      if (content !== null) continue;
      if (open !== null) yield mailEnd;
      const commit = commitOf(part);
      open = commit === null ? null : line.exchange;
      if (commit !== null) yield mailOf(commit, line.exchange, permitted.get(line.exchange) ?? null);
    }
  }
  if (open !== null) yield mailEnd;
}

async function permittedIn(lines: AsyncIterable<RecordingLine>): Promise<Permitted> {
  const permitted = new Map<number, Outcome | null>();
  for await (const line of lines)
    if (line.kind === 'decision' && line.decision.code === null) permitted.set(line.exchange, null);
    else if (line.kind === 'outcome' && permitted.has(line.exchange)) permitted.set(line.exchange, line.outcome);
  return permitted;
}

/** Lines of a patch; null for what is none. The content of a binary file comes as bytes. */
function contentOf(part: Part): string | null {
  if (part.shape === 'text') return part.text;
  return part.shape === 'bytes' ? Buffer.from(part.base64 ?? '', 'base64').toString('utf8') : null;
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

/** Whether the target has taken the push is said where it is not known to. */
function mailOf({ id, name, email, authored, message }: Commit, exchange: number, outcome: Outcome | null): string {
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
    ...(outcome?.status === 'ok' ? [] : [`X-Chaperone-Outcome: ${wordsOf(outcome)}`]),
    '',
    ...(body === '' ? [] : [body.split('\n').map(harmless).join('\n')]),
    '---',
    '',
    '',
  ].join('\n');
}

function wordsOf(outcome: Outcome | null): string {
  if (outcome === null) return 'unknown';
  return oneLine(outcome.error === null ? outcome.status : `${outcome.status}: ${outcome.error.message}`).slice(0, 400);
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
