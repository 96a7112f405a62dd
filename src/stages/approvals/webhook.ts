import { createHmac } from 'node:crypto';
import { createId } from '../../core/identifier.ts';
import type { ToldApproval } from './approval.ts';
import { cardOf } from './card.ts';
import { type Deliveries, Undeliverable } from './deliveries.ts';
import type { ApprovalEvent } from './desk.ts';
import type { WebhookSettings } from './settings.ts';

const attemptMs = 15_000;
const prefix = 'whsec_';

/** The key in a secret as Standard Webhooks writes it, or null where that is none: 24 to 64 bytes. */
export function webhookKey(secret: string): Buffer | null {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  const key = Buffer.from(text, 'base64');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && key.byteLength >= 24 && key.byteLength <= 64 ? key : null;
}

/** The headers of one attempt (Standard Webhooks 1.0: the id stays the same over all of them, the timestamp does not). */
export function webhookHeaders(secret: string, id: string, seconds: number, body: string): { readonly [name: string]: string } {
  const key = webhookKey(secret);
  if (key === null) throw new Undeliverable('the secret is not one of Standard Webhooks');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'user-agent': 'chaperone',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}

/** Tells a webhook what happened to an approval. */
export function sendWebhook(
  { url, secret }: WebhookSettings,
  event: ApprovalEvent,
  approval: ToldApproval,
  deliveries: Deliveries,
  now: () => number,
): void {
  const id = createId();
  const body = JSON.stringify({
    type: `approval.${event}`,
    timestamp: new Date(now()).toISOString(),
    data: { ...approval, card: cardOf(approval) },
  });
  const { origin } = new URL(url);
  deliveries.send(`${url} ${approval.id}`, `the webhook of ${origin} for approval ${approval.id}`, async (signal) => {
    const headers = webhookHeaders(secret, id, Math.floor(now() / 1000), body);
    // A redirect could lead to where nobody has configured it to.
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const words = `it answered with status ${response.status}`;
    throw response.status === 410 ? new Undeliverable(words) : new Error(words);
  });
}
