import assert from 'node:assert/strict';
import { bytesInUse, collectGarbage } from '../../rig/memory.ts';
import { Random } from '../../rig/random.ts';
import { clientScript } from './grammar.ts';
import { ModelTarget } from './model-target.ts';
import { chunksOf, mutate } from './mutation.ts';
import { secretResults } from './secrets.ts';
import { type Line, play, type Played, type Scene, usualOpening } from './trial.ts';
import * as verdicts from './verdicts.ts';

/**
 * Who lies in a session: nobody, the client, the target, the client before it is let in, or the disk under the recorder.
 * `judged` statements are refused, or decided later, among a client's honest ones. Of a `masked` session's target much must not be
 * seen; in turn nobody lies in it, the client or the target.
 */
export const kinds = ['honest', 'judged', 'requests', 'replies', 'opening', 'disk', 'masked', 'masked-requests', 'masked-replies'] as const;
export type Kind = (typeof kinds)[number];

/** What a campaign has seen. */
export interface Tally {
  sessions: number;
  /** Messages said by clients, and by targets. */
  requests: number;
  replies: number;
  /** Sessions that the gateway ended, by its reason. */
  readonly ends: Map<string, number>;
}

export function newTally(): Tally {
  return { sessions: 0, requests: 0, replies: 0, ends: new Map() };
}

/** Plays the session of a seed; the same seed plays the same session. Fails with what does not hold. */
export async function playSeed(kind: Kind, seed: number, tally: Tally): Promise<void> {
  const random = new Random(seed);
  const { scene, client } = sceneOf(kind, random, tally);
  const played = await play(scene);
  tally.sessions += 1;
  const last = played.record?.entries.at(-1);
  if (last?.kind === 'end') tally.ends.set(last.end.reason, (tally.ends.get(last.end.reason) ?? 0) + 1);
  if (played.outlivesClient) verdicts.assertUnseenLeaving(played, client);
  verdicts.assertNothingUnrecorded(played, kind === 'opening');
  if (kind === 'disk') return;
  verdicts.assertRecordSound(played);
  if (isMasked(kind)) return assertMasked(kind, played);
  if (kind !== 'replies') verdicts.assertNotAccused(played);
  if (kind === 'judged') verdicts.assertNothingRefusedPassed(played);
  if (kind === 'opening' || kind === 'judged') return;
  verdicts.assertNothingInvented(played, client, kind === 'replies');
  verdicts.assertNothingLeftBehind(played, client, kind === 'replies');
  if (kind === 'honest') verdicts.assertAllPassed(played, client);
}

function isMasked(kind: Kind): boolean {
  return kind.startsWith('masked');
}

/** What a target that lies says in the wrong place can be no secret: it could say it in any. */
function assertMasked(kind: Kind, played: Played): void {
  verdicts.assertWholeMessages(played);
  if (kind === 'masked-replies') return;
  verdicts.assertNotAccused(played);
  verdicts.assertNoSecret(played);
  if (kind === 'masked') verdicts.assertSameMessages(played);
}

function sceneOf(kind: Kind, random: Random, tally: Tally): { readonly scene: Scene; readonly client: Buffer } {
  const masked = isMasked(kind);
  const script = clientScript(random, {
    judged: kind === 'judged' || kind === 'disk',
    ...(masked && { texts: [...secretResults.keys()] }),
  });
  if (kind === 'requests' || kind === 'masked-requests') mutate(script, random);
  tally.requests += script.length;
  const client = Buffer.concat(script);
  const opening = kind === 'opening' ? { opening: random.mutate(usualOpening) } : {};
  const failing = kind === 'disk' ? { recorderFailsAt: 3 + random.below(80) } : {};
  const target: Scene['target'] = (toGateway) => {
    const told = telling(toGateway, random, tally);
    const line = kind === 'replies' || kind === 'masked-replies' ? lying(told, random) : told;
    return new ModelTarget(line, masked ? secretResults : undefined);
  };
  return { scene: { client: chunksOf(client, random), target, ahead: random.below(4) > 0, masked, ...opening, ...failing }, client };
}

/** Says every message as it is, now at once and now later, now in pieces; the order stays. */
function telling(line: Line, random: Random, tally: Tally): Line {
  const isLate = random.below(2) === 0;
  let waiting: Buffer[] = [];
  let leaves = false;
  const later = () => {
    for (const chunk of chunksOf(Buffer.concat(waiting), random)) line.say(chunk);
    waiting = [];
    if (leaves) line.leave();
  };
  return {
    say: (message) => {
      tally.replies += 1;
      if (!isLate) return line.say(message);
      if (waiting.length === 0) setImmediate(later);
      waiting.push(message);
    },
    leave: () => {
      leaves = true;
      if (waiting.length === 0) line.leave();
    },
  };
}

/** Says some of the messages wrongly. */
function lying(line: Line, random: Random): Line {
  const honestFor = random.below(40);
  let told = 0;
  let last: Buffer = Buffer.alloc(0);
  return {
    say: (message) => {
      told += 1;
      if (told <= honestFor || random.below(6) > 0) {
        last = message;
        return line.say(message);
      }
      const messages = [last, message];
      mutate(messages, random);
      for (const one of messages.filter(({ length }) => length > 0)) line.say(one);
    },
    leave: () => line.leave(),
  };
}

/** What the heap holds once all garbage is gone, in bytes. */
export function heapInUse(): number {
  collectGarbage();
  collectGarbage();
  return bytesInUse();
}

/** Plays sessions of a kind until so many messages were said in the direction that it is about; returns the next seed. */
export async function campaign(
  kind: Kind,
  firstSeed: number,
  messages: number,
  tally: Tally,
  progress: (line: string) => void,
): Promise<number> {
  const direction = kind.endsWith('replies') ? 'replies' : 'requests';
  const began = performance.now();
  let reported = began;
  let seed = firstSeed;
  for (; tally[direction] < messages; seed += 1) {
    try {
      await playSeed(kind, seed, tally);
    } catch (fault) {
      assert.ok(fault instanceof Error);
      throw new Error(`seed ${seed} of ${kind}: ${fault.message}`, { cause: fault });
    }
    if (performance.now() - reported < 10_000) continue;
    reported = performance.now();
    progress(`${kind}: ${tally[direction]} messages, ${rate(tally[direction], began)} a second, seed ${seed}`);
  }
  progress(`${kind}: ${tally.sessions} sessions, ${tally[direction]} messages, ${rate(tally[direction], began)} a second`);
  return seed;
}

function rate(count: number, since: number): number {
  return Math.round((count / (performance.now() - since)) * 1000);
}
