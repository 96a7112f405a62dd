import type { Approval } from './approval.ts';
import { ApprovalDesk, type DeskOptions } from './desk.ts';
import { Notifier, type NotifierOptions } from './notifier.ts';
import type { ApprovalSettings } from './settings.ts';
import { type Pressed, type SlackRequest, takePress } from './slack-press.ts';
import { ApprovalStore } from './store.ts';

export { type Approvals, createApprovals } from './stage.ts';

export interface OpenDeskOptions
  extends Pick<DeskOptions, 'now' | 'audit' | 'tell' | 'log'>,
    Pick<NotifierOptions, 'address' | 'delays' | 'soFar'> {
  /** The file of the approvals. */
  readonly path: string;
  readonly settings: ApprovalSettings;
  /** Of the policies that hold at the start. */
  readonly policyVersion: string;
}

/** The desk with its file and its notifications, as one thread runs it. */
export interface OpenDesk {
  readonly desk: ApprovalDesk;
  /** Takes what says that it comes from Slack. */
  pressed(request: SlackRequest): Promise<Pressed>;
  /** An approval's address for people. */
  addressOf(approval: Approval): string;
  close(): Promise<void>;
}

export async function openDesk(options: OpenDeskOptions): Promise<OpenDesk> {
  const { path, settings, policyVersion, address } = options;
  const store = new ApprovalStore(path);
  const notifier = new Notifier({ ...options, store });
  const { waitMs, expireMs, people } = settings;
  const notify: DeskOptions['notify'] = (event, approval) => notifier.notify(event, approval);
  const desk = new ApprovalDesk({ ...options, store, waitMs, expireMs, people, notify });
  const close = async () => {
    await notifier.close();
    await desk.close();
  };
  try {
    await desk.start(policyVersion);
  } catch (fault) {
    await close();
    throw fault;
  }
  const pressed = (request: SlackRequest) => takePress({ desk, channels: notifier.slack, now: options.now }, request);
  return { desk, pressed, addressOf: ({ id }) => address() + id, close };
}
