import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Approver, ToldApproval } from './approval.ts';
import { type Deliveries, Undeliverable } from './deliveries.ts';
import type { SlackPerson, SlackSettings } from './settings.ts';
import { slackMessage } from './slack-message.ts';
import type { ApprovalStore } from './store.ts';

const attemptMs = 15_000;
/** Slack's own advice: an older request may be a copy of one that was overheard. */
const oldestSeconds = 300;

/** Whether Slack sent this: `v0` over the time and the very bytes of the body. */
export function isFromSlack(
  { signingSecret }: Pick<SlackSettings, 'signingSecret'>,
  headers: { readonly timestamp: string | undefined; readonly signature: string | undefined },
  body: Uint8Array,
  now: number,
): boolean {
  const { timestamp, signature } = headers;
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > oldestSeconds) return false;
  const expected = Buffer.from(`v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest('hex')}`);
  const given = Buffer.from(signature);
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}

/** What a press of a button says: who pressed which, about which approval. */
export interface Press {
  readonly user: string;
  readonly channel: string | null;
  readonly decision: 'approve' | 'deny';
  readonly approval: string;
  readonly digest: string;
}

const action = z.discriminatedUnion('action_id', [
  z.object({ action_id: z.enum(['approve', 'deny']), value: z.string().max(2_000) }),
  z.object({ action_id: z.literal('open') }),
]);
const interaction = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().min(1).max(64) }),
  channel: z.object({ id: z.string().max(64) }).optional(),
  actions: z.tuple([action]),
});
const subject = z.object({ id: z.string().max(64), digest: z.string().length(64) });

/** `opened` where the button only leads to the console; null where it is anything else than one press of one of our buttons. */
export function readPress(body: string): Press | 'opened' | null {
  const read = interaction.safeParse(parsed(new URLSearchParams(body).get('payload') ?? ''));
  if (!read.success) return null;
  const { user, channel, actions } = read.data;
  if (actions[0].action_id === 'open') return 'opened';
  const about = subject.safeParse(parsed(actions[0].value));
  if (!about.success) return null;
  return {
    user: user.id,
    channel: channel?.id ?? null,
    decision: actions[0].action_id,
    approval: about.data.id,
    digest: about.data.digest,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const posted = z.object({ ok: z.literal(true), channel: z.string(), ts: z.string() });
const userInfo = z.object({
  ok: z.literal(true),
  user: z.object({
    deleted: z.boolean().optional(),
    is_bot: z.boolean().optional(),
    is_restricted: z.boolean().optional(),
    is_stranger: z.boolean().optional(),
    is_email_confirmed: z.boolean().optional(),
    profile: z.object({ email: z.string().optional() }),
  }),
});

/** One Slack channel: posts each approval once, keeps the message up to date, and knows who presses. */
export class SlackChannel {
  readonly settings: SlackSettings;
  readonly #target: number;
  readonly #store: ApprovalStore;
  readonly #deliveries: Deliveries;

  /** `target` is its place in the configuration. */
  constructor(settings: SlackSettings, target: number, store: ApprovalStore, deliveries: Deliveries) {
    this.settings = settings;
    this.#target = target;
    this.#store = store;
    this.#deliveries = deliveries;
  }

  /** Posts the approval, or changes its message to what holds now. */
  show(approval: ToldApproval): void {
    const message = slackMessage(approval);
    this.#deliveries.send(`slack ${this.#target} ${approval.id}`, `the Slack message for approval ${approval.id}`, async (signal) => {
      const known = this.#store.posted(approval.id, this.#target);
      if (known !== null) {
        await this.#call('chat.update', { ...message, channel: known.channel, ts: known.ts }, signal);
        return;
      }
      const answer = posted.safeParse(await this.#call('chat.postMessage', { ...message, channel: this.settings.channel }, signal));
      if (!answer.success) throw new Undeliverable('Slack did not say where the message stands');
      this.#store.savePosted(approval.id, this.#target, answer.data);
    });
  }

  /** Says something to one person alone: no press is ignored without a word. */
  whisper(user: string, channel: string | null, text: string): void {
    const body = { channel: channel ?? this.settings.channel, user, text };
    this.#deliveries.send(`slack ${this.#target} ${user}`, 'a word to a Slack user', async (signal) => {
      await this.#call('chat.postEphemeral', body, signal);
    });
  }

  /** Whom a Slack account stands for; null where the configuration does not say so without doubt. */
  async person(user: string): Promise<Approver | null> {
    const { people } = this.settings;
    const byId = people.filter(({ slack }) => slack === user);
    const found = byId.length > 0 ? byId : await this.#byEmail(user);
    const [person] = found;
    if (person === undefined || found.length > 1) return null;
    const { issuer, subject, email, groups } = person;
    return { issuer, subject, email, groups, agent: null, via: 'slack' };
  }

  async #byEmail(user: string): Promise<readonly SlackPerson[]> {
    const candidates = this.settings.people.filter(({ slack, email }) => slack === null && email !== null);
    if (candidates.length === 0) return [];
    const path = `users.info?user=${encodeURIComponent(user)}`;
    const answer = userInfo.safeParse(await this.#call(path, null, AbortSignal.timeout(2_500)).catch(() => null));
    if (!answer.success) return [];
    const { deleted, is_bot, is_restricted, is_stranger, is_email_confirmed, profile } = answer.data.user;
    // Guests and people of other workspaces choose their addresses elsewhere.
    if (deleted || is_bot || is_restricted || is_stranger || is_email_confirmed !== true || profile.email === undefined) return [];
    const email = profile.email.toLowerCase();
    return candidates.filter((candidate) => candidate.email?.toLowerCase() === email);
  }

  async #call(method: string, body: object | null, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(`${this.settings.api}/${method}`, {
      method: body === null ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.settings.token}`, 'content-type': 'application/json; charset=utf-8' },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`Slack answered with status ${response.status}`);
    }
    const answer = z
      .object({ ok: z.boolean(), error: z.string().max(100).optional() })
      .loose()
      .safeParse(await response.json());
    if (answer.success && answer.data.ok) return answer.data;
    const error = answer.success ? (answer.data.error ?? 'no reason') : 'something else than JSON';
    if (error === 'ratelimited') throw new Error('Slack wants to be asked less often');
    throw new Undeliverable(`Slack says ${error}`);
  }
}
