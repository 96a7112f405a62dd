/** Plain data, secrets as text: it goes to the thread that keeps the approvals and nowhere else. */
export interface ApprovalSettings {
  readonly waitMs: number;
  readonly expireMs: number;
  readonly people: number;
  readonly webhooks: readonly WebhookSettings[];
  readonly slack: readonly SlackSettings[];
}

export interface WebhookSettings {
  readonly url: string;
  /** `whsec_` and base64, as Standard Webhooks writes it. */
  readonly secret: string;
}

/** Somebody whom a Slack account stands for, and the groups they may answer for there. */
export interface SlackPerson {
  /** The account's id; null where it is known by its e-mail address. */
  readonly slack: string | null;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly groups: readonly string[];
}

export interface SlackSettings {
  /** Of the app's bot user. */
  readonly token: string;
  readonly signingSecret: string;
  readonly channel: string;
  readonly people: readonly SlackPerson[];
  /** Slack's own, or what stands in for it. */
  readonly api: string;
}
