import type { ApprovalDesk } from './desk.ts';
import { isFromSlack, type Press, readPress, type SlackChannel } from './slack.ts';

/** A request that says it comes from Slack: its two headers, and the very bytes of its body. */
export interface SlackRequest {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}

/** What became of it: nobody knows who sent it, it is no press of our buttons, or the answer was taken or refused with words. */
export type Pressed = 'unsigned' | 'unreadable' | 'answered';

export interface PressOptions {
  readonly desk: ApprovalDesk;
  readonly channels: readonly SlackChannel[];
  readonly now: () => number;
}

/** Takes the press of a button in Slack for the answer of the person whom the configuration knows by that account. */
export async function takePress({ desk, channels, now }: PressOptions, request: SlackRequest): Promise<Pressed> {
  const channel = channels.find(({ settings }) => isFromSlack(settings, request, request.body, now()));
  if (channel === undefined) return 'unsigned';
  const press = readPress(Buffer.from(request.body).toString('utf8'));
  if (press === null) return 'unreadable';
  // Slack tells of a link too, and shows whoever followed it a warning where nobody takes that.
  if (press === 'opened') return 'answered';
  const words = await answer(desk, channel, press);
  if (words !== null) channel.whisper(press.user, press.channel, words);
  return 'answered';
}

/** What the person is told besides the message, which changes by itself; null where that says it all. */
async function answer(desk: ApprovalDesk, channel: SlackChannel, press: Press): Promise<string | null> {
  const person = await channel.person(press.user);
  if (person === null)
    return 'Your answer does not count: Chaperone does not know whom your Slack account stands for. Whoever runs it can add you.';
  const { decision, digest } = press;
  const taken = await desk.decide(press.approval, person, { decision, reason: null, digest });
  return 'kind' in taken ? `Your answer does not count. ${taken.message} ${taken.hint}` : null;
}
