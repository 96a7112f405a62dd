import type { Random } from '../../rig/random.ts';

const lengths = [
  0,
  1,
  3,
  4,
  5,
  255,
  1025,
  65_537,
  2 ** 20 + 1,
  2 ** 23 + 1,
  2 ** 26 + 1,
  2 ** 30,
  2 ** 30 + 1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 5,
];
const everyLength = [...lengths, 2 ** 32 - 1];

type Mutation = (messages: Buffer[], at: number, random: Random) => void;

/** What leaves every message's frame sound: the order, the number, and the bodies change. */
const soft: readonly Mutation[] = [
  (messages, at, random) => {
    const other = random.below(messages.length);
    [messages[at], messages[other]] = [messages[other] ?? nothing, messages[at] ?? nothing];
  },
  (messages, at) => void messages.splice(at, 0, messages[at] ?? nothing),
  (messages, at, random) => void messages.splice(random.below(messages.length), 0, messages[at] ?? nothing),
  (messages, at) => void messages.splice(at, 1),
  (messages, at, random) => void messages.splice(at, 1, framed(flipped(messages[at] ?? nothing, random))),
  (messages, at, random) => void messages.splice(at, 1, framed((messages[at] ?? nothing).subarray(0, 1 + random.below(40)))),
  (messages, at, random) =>
    void messages.splice(at, 1, framed(Buffer.concat([messages[at] ?? nothing, random.bytes(1 + random.below(20))]))),
];

/** What breaks a frame: lengths that lie, types that nobody knows, bytes that stop or come out of nowhere. */
const hard: readonly Mutation[] = [
  (messages, at, random) => void messages.splice(at, 1, withLength(messages[at] ?? nothing, random.pick(everyLength))),
  (messages, at, random) => {
    const message = messages[at] ?? nothing;
    const off = message.length - 1 + random.pick([-4, -1, 1, 2, 300]);
    messages.splice(at, 1, withLength(message, Math.max(0, off)));
  },
  (messages, at, random) =>
    void messages.splice(at, 1, (messages[at] ?? nothing).subarray(0, random.below((messages[at] ?? nothing).length + 1))),
  (messages, at, random) => {
    const stranger = Buffer.from(messages[at] ?? nothing);
    if (stranger.length > 0) stranger[0] = random.below(256);
    messages.splice(at, 1, stranger);
  },
  (messages, at, random) => void messages.splice(at, 0, random.bytes(1 + random.below(30))),
  (messages, at, random) => void messages.splice(at, 1, random.mutate(messages[at] ?? nothing)),
];

const nothing = Buffer.alloc(0);

/** The same messages gone wrong in a few places. Changes the list. */
export function mutate(messages: Buffer[], random: Random): void {
  for (let count = 1 + random.below(3); count > 0 && messages.length > 0; count -= 1) {
    const change = random.pick(random.below(4) === 0 ? hard : soft);
    change(messages, random.below(messages.length), random);
  }
}

/** The bytes in chunks, cut anywhere: now byte by byte, now whole. */
export function chunksOf(bytes: Buffer, random: Random): Buffer[] {
  const largest = random.pick([1, 3, 10, 60, 500, 5000, 70_000]);
  if (bytes.length > 400 * largest) return [bytes];
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + random.below(largest);
    chunks.push(bytes.subarray(at, next));
    at = next;
  }
  return chunks;
}

function withLength(message: Buffer, length: number): Buffer {
  const copy = Buffer.from(message);
  if (copy.length >= 5) copy.writeUInt32BE(length, 1);
  return copy;
}

/** With the length that it has. */
function framed(message: Buffer): Buffer {
  const sound = message.length >= 5 ? message : Buffer.concat([message, Buffer.alloc(5)]).subarray(0, 5);
  return withLength(sound, sound.length - 1);
}

function flipped(message: Buffer, random: Random): Buffer {
  const copy = Buffer.from(message);
  for (let count = 1 + random.below(3); count > 0 && copy.length > 5; count -= 1)
    copy[5 + random.below(copy.length - 5)] = random.below(256);
  return copy;
}
