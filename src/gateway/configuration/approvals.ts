import { z } from 'zod';
import type { Secret } from '../../core/secret.ts';
import type { ApprovalSettings, SlackSettings } from '../../stages/approvals/settings.ts';
import { webhookKey } from '../../stages/approvals/webhook.ts';
import { duration } from '../../wire/duration.ts';
import { hostOf, isLoopback } from '../../wire/loopback.ts';
import { secret } from '../../wire/settings.ts';
import { check } from './issues.ts';
import type { Report } from './problem.ts';

const isAddress = (text: string) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).username === '';
const address = z.string().refine(isAddress, 'expected an address; write it as https://host/path');
const name = z.string().min(1).max(1_024);

const slackPerson = z
  .strictObject({
    slack: z
      .string()
      .regex(/^[UW][A-Z0-9]{2,20}$/, 'expected the id of a Slack account; copy it from the profile there, such as U02ABC3DEF4')
      .optional(),
    issuer: name.meta({ description: 'the issuer of the person’s tokens' }),
    subject: name.meta({ description: 'the person’s subject there' }),
    email: z.string().min(3).max(254).optional(),
    groups: z.array(name).min(1, 'is empty; write the groups that the person may answer for'),
  })
  .refine(({ slack, email }) => slack !== undefined || email !== undefined, 'nobody can be known by this; add slack: ID, or email');

const slack = z.strictObject({
  token: secret().meta({ description: 'of the app’s bot user, xoxb-…' }),
  signingSecret: secret().meta({ description: 'by which Slack signs what it sends here' }),
  channel: name.meta({ description: 'the id of the channel' }),
  people: z.array(slackPerson).default([]).meta({ description: 'whom Slack accounts stand for' }),
  api: address.default('https://slack.com/api'),
});

const notification = z.union([z.strictObject({ webhook: address, secret: secret() }), z.strictObject({ slack })]);

const wait = z.union([z.literal(0), duration()], 'expected a duration, or 0; write for example 10m, or 0 for clients that cannot wait');

/** The section `approvals`. */
export const approvalsSection = z
  .strictObject({
    wait: wait.prefault('10m').meta({ description: 'how long a client waits for people; 0 for not at all' }),
    expire: duration().prefault('30m').meta({ description: 'how long people have for an answer, and an answer for its use' }),
    people: z.int().min(1).max(10).default(1).meta({ description: 'how many people must say yes, at least' }),
    url: address.optional().meta({ description: 'the console as people reach it' }),
    notify: z.array(notification).max(20).default([]),
  })
  .prefault({})
  .meta({ description: 'how people are asked' });

/** What the gateway does about approvals, with the console's address where the configuration says it. */
export interface ApprovalConfiguration extends Pick<ApprovalSettings, 'waitMs' | 'expireMs' | 'people'> {
  readonly url: string | null;
  readonly webhooks: readonly { readonly url: string; readonly secret: Secret }[];
  readonly slack: readonly (Omit<SlackSettings, 'token' | 'signingSecret'> & { readonly token: Secret; readonly signingSecret: Secret })[];
}

/** With the secrets as text, for the thread that sends them; nothing else may have it so. */
export function revealed({ url: _url, webhooks, slack, ...rest }: ApprovalConfiguration): ApprovalSettings {
  return {
    ...rest,
    webhooks: webhooks.map(({ url, secret }) => ({ url, secret: secret.reveal() })),
    slack: slack.map((each) => ({ ...each, token: each.token.reveal(), signingSecret: each.signingSecret.reveal() })),
  };
}

/** What must be known of where the gateway listens. */
interface Listening {
  readonly console: object | null;
  readonly insecureLoopback: boolean;
}

/** setTimeout's longest wait. */
const longestMs = 24 * 86_400_000;

/** Null where it has a mistake. */
export function checkApprovals(value: unknown, listen: Listening | null, report: Report): ApprovalConfiguration | null {
  const section = check(approvalsSection, value, ['approvals'], report);
  if (section === null) return null;
  let sound = true;
  const refuse = (place: readonly PropertyKey[], message: string, remedy: string) => {
    report(['approvals', ...place], message, remedy);
    sound = false;
  };
  if (value !== undefined && listen !== null && listen.console === null)
    refuse([], 'approvals are decided by the console, and there is none', 'Add listen.console: { address: 127.0.0.1:8080 }.');
  if (section.expire > longestMs) refuse(['expire'], 'approvals.expire is longer than 24 days', 'Write 24d or less.');
  if (section.wait > section.expire)
    refuse(['wait'], 'approvals.wait is longer than approvals.expire', 'Let clients wait no longer than there can be an answer.');
  for (const [index, entry] of section.notify.entries()) {
    const url = 'webhook' in entry ? entry.webhook : entry.slack.api;
    const place = ['notify', index, ...('webhook' in entry ? ['webhook'] : ['slack', 'api'])];
    if (!isProtected(url, listen?.insecureLoopback === true))
      refuse(place, `approvals.notify[${index}] would be sent unencrypted`, 'Write an https address.');
    if ('webhook' in entry && webhookKey(entry.secret.reveal()) === null)
      refuse(
        ['notify', index, 'secret'],
        `approvals.notify[${index}].secret is not one of Standard Webhooks`,
        'Make one with: echo "whsec_$(openssl rand -base64 32)".',
      );
  }
  return sound ? settingsOf(section) : null;
}

function isProtected(text: string, insecureLoopback: boolean): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || (insecureLoopback && isLoopback(hostOf(url)));
}

function settingsOf({ wait, expire, people, url, notify }: z.output<typeof approvalsSection>): ApprovalConfiguration {
  return {
    waitMs: wait,
    expireMs: expire,
    people,
    url: url?.replace(/\/$/, '') ?? null,
    webhooks: notify.flatMap((entry) => ('webhook' in entry ? [{ url: entry.webhook, secret: entry.secret }] : [])),
    slack: notify.flatMap((entry) => ('slack' in entry ? [slackOf(entry.slack)] : [])),
  };
}

function slackOf({ people, api, ...rest }: z.output<typeof slack>): ApprovalConfiguration['slack'][number] {
  const known = people.map((person) => ({ ...person, slack: person.slack ?? null, email: person.email ?? null }));
  return { ...rest, people: known, api: api.replace(/\/$/, '') };
}
