import type { Approval, SoFar, ToldApproval } from './approval.ts';
import { Deliveries } from './deliveries.ts';
import type { ApprovalEvent } from './desk.ts';
import type { ApprovalSettings } from './settings.ts';
import { SlackChannel } from './slack.ts';
import type { ApprovalStore } from './store.ts';
import { sendWebhook } from './webhook.ts';

export interface NotifierOptions {
  readonly settings: Pick<ApprovalSettings, 'webhooks' | 'slack'>;
  readonly store: ApprovalStore;
  /** Where people find the approvals; an id is put behind it. */
  readonly address: () => string;
  readonly now: () => number;
  /** What a session did so far; null where that cannot be told. */
  readonly soFar: (session: string) => SoFar | null;
  readonly log: (line: string) => void;
  /** For tests: milliseconds between attempts. */
  readonly delays?: readonly number[];
}

/** Tells webhooks and Slack what happens to approvals. Nobody waits for it. */
export class Notifier {
  readonly slack: readonly SlackChannel[];
  readonly #options: NotifierOptions;
  readonly #deliveries: Deliveries;

  constructor(options: NotifierOptions) {
    const { settings, store, log, delays } = options;
    this.#options = options;
    this.#deliveries = new Deliveries({ log, ...(delays === undefined ? {} : { delays }) });
    this.slack = settings.slack.map((each, index) => new SlackChannel(each, index, store, this.#deliveries));
  }

  notify(event: ApprovalEvent, approval: Approval): void {
    const { settings, address, now, soFar } = this.#options;
    const { elsewhere, ...all } = approval;
    const told: ToldApproval = {
      ...all,
      ...elsewhere,
      address: address() + approval.id,
      masked: elsewhere !== undefined,
      soFar: soFar(approval.session),
    };
    for (const webhook of settings.webhooks) sendWebhook(webhook, event, told, this.#deliveries, now);
    for (const channel of this.slack) channel.show(told);
  }

  close(): Promise<void> {
    return this.#deliveries.close();
  }
}
