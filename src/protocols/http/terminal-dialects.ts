import type { Direction } from '../../core/entry.ts';
import type { Json } from '../../core/json.ts';
import type { Part } from '../../core/part.ts';

/** What the beginning of a message says of it. */
export type Saying =
  /** What follows, from here on, is a piece of this stream. */
  | { readonly kind: 'stream'; readonly stream: Stream; readonly from: number }
  /** It can be read when it is there as a whole. */
  | { readonly kind: 'whole' }
  /** It is none that this dialect knows. */
  | { readonly kind: 'strange' };
export type Stream = 'stdin' | 'stdout' | 'stderr';
/** A whole message: a piece of a stream, or parts; null where it is none that the dialect knows. */
export type Whole = { readonly stream: Stream; readonly bytes: Buffer } | readonly Part[] | null;

/** How a terminal is spoken over a WebSocket. */
export interface Dialect {
  readonly name: 'channels' | 'base64-channels' | 'letters' | 'arrays';
  /** Of the first bytes of a message, which are at least one. */
  begun(direction: Direction, bytes: Buffer): Saying;
  whole(direction: Direction, bytes: Buffer): Whole;
}

/** No terminal that somebody looks at is larger. What claims to be is shown as the message that it is. */
const largestSide = 1_000;
const strange = { kind: 'strange' } as const;
const whole = { kind: 'whole' } as const;

/** Kubernetes' exec and attach: a message begins with the number of its channel (KEP-3396; 255 says that a channel ends, in v5). */
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;
const streamsOf = { request: { [channel.stdin]: 'stdin' }, reply: { [channel.stdout]: 'stdout', [channel.stderr]: 'stderr' } } as const;

const channels: Dialect = {
  name: 'channels',
  begun: (direction, bytes) => {
    const stream = streamIn(direction, bytes[0] ?? -1);
    return stream === null ? whole : { kind: 'stream', stream, from: 1 };
  },
  whole: (direction, bytes) => channelSays(direction, bytes[0] ?? -1, bytes.subarray(1)),
};

/** The same in texts: the number is a digit, and what follows is base64. */
const base64Channels: Dialect = {
  name: 'base64-channels',
  begun: () => whole,
  whole: (direction, bytes) => {
    const text = bytes.toString('latin1', 1);
    const content = Buffer.from(text, 'base64');
    if (content.toString('base64') !== text) return null;
    const number = (bytes[0] ?? 0) - 0x30;
    const stream = streamIn(direction, number);
    return stream === null ? channelSays(direction, number, content) : { stream, bytes: content };
  },
};

function streamIn(direction: Direction, number: number): Stream | null {
  const streams: { readonly [number: number]: Stream } = streamsOf[direction];
  return streams[number] ?? null;
}

/** What is said beside the streams. */
function channelSays(direction: Direction, number: number, content: Buffer): readonly Part[] | null {
  if (number === channel.resize && direction === 'request') return resized(inAnyCase(fieldsOf(content)), 'width', 'height');
  if (number === channel.status && direction === 'reply') {
    if (content.length === 0) return [];
    const value = read(content);
    return value === undefined ? null : [{ shape: 'document', mediaType: 'application/json', value }];
  }
  if (number !== channel.close || content.length !== 1) return null;
  const closed = Object.entries(channel).find(([, other]) => other === content[0])?.[0];
  return [{ shape: 'mark', name: 'closed', detail: { stream: closed ?? String(content[0]) } }];
}

/** ttyd: a message begins with a letter. The first one of a client is an object that begins with its own brace. */
const letters: Dialect = {
  name: 'letters',
  begun: (direction, bytes) => {
    if (bytes[0] === letter('0')) return { kind: 'stream', stream: direction === 'request' ? 'stdin' : 'stdout', from: 1 };
    return ['1', '2', '3', '{'].some((known) => bytes[0] === letter(known)) ? whole : strange;
  },
  whole: (direction, bytes) => {
    const content = bytes.subarray(1);
    if (direction === 'reply') {
      if (bytes[0] === letter('1')) return [{ shape: 'mark', name: 'title', detail: { text: content.toString('utf8') } }];
      const value = bytes[0] === letter('2') ? read(content) : undefined;
      return value === undefined ? null : [{ shape: 'document', mediaType: 'application/json', value }];
    }
    if (bytes[0] === letter('1')) return resized(fieldsOf(content), 'columns', 'rows');
    if (bytes[0] === letter('{')) return opened(bytes);
    if (content.length > 0) return null;
    return [{ shape: 'mark', name: bytes[0] === letter('2') ? 'pause' : 'resume', detail: {} }];
  },
};

function letter(text: string): number {
  return text.charCodeAt(0);
}

/** Who a client is, and how large its terminal is at first. */
function opened(bytes: Buffer): readonly Part[] | null {
  const value = read(bytes);
  if (value === undefined) return null;
  return [{ shape: 'document', mediaType: 'application/json', value }, ...(resized(fieldsOf(bytes), 'columns', 'rows') ?? [])];
}

/** Jupyter's terminals (terminado): a message is a list in JSON, whose first item says what it is. */
const arrays: Dialect = {
  name: 'arrays',
  begun: () => whole,
  whole: (direction, bytes) => {
    const message = read(bytes);
    if (!Array.isArray(message)) return null;
    const [kind, content, columns] = message as readonly Json[];
    const written = direction === 'request' ? 'stdin' : 'stdout';
    if (kind === written && typeof content === 'string' && message.length === 2)
      return { stream: written, bytes: Buffer.from(content, 'utf8') };
    if (kind === 'set_size' && direction === 'request')
      return resized({ rows: content ?? null, columns: columns ?? null }, 'columns', 'rows');
    if (direction === 'request' || (kind !== 'setup' && kind !== 'disconnect')) return null;
    return [{ shape: 'mark', name: kind, detail: content === undefined ? {} : { content } }];
  },
};

export const dialects = { channels, 'base64-channels': base64Channels, letters, arrays } as const satisfies {
  readonly [name in Dialect['name']]: Dialect;
};

/** Undefined for what is no JSON. */
function read(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}

function fieldsOf(bytes: Buffer): { readonly [name: string]: Json } {
  const value = read(bytes);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [name: string]: Json }) : {};
}

/** API servers read names in any case: kubectl writes `Width`, Kubernetes' client for JavaScript `width`. */
function inAnyCase(fields: { readonly [name: string]: Json }): { readonly [name: string]: Json } {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Null where it says no size that a terminal can have. */
function resized(fields: { readonly [name: string]: Json }, across: string, down: string): readonly Part[] | null {
  const [columns, rows] = [fields[across], fields[down]];
  return isSide(columns) && isSide(rows) ? [{ shape: 'terminal', event: 'resize', columns, rows }] : null;
}

function isSide(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= largestSide;
}
