import type { ConnectionChange, ConnectionTrial, ConnectionWish, GatewayPort, TrialReport } from '../api/gateway-port.ts';
import type { ArchiverStatus } from '../archive/archiver.ts';
import type { DataPlaneCalls, DeskHandlers } from '../gateway/approval-desk.ts';
import type { DeskData } from '../gateway/approvals.ts';
import type { Certificate } from '../gateway/certificate.ts';
import type { Configuration } from '../gateway/configuration/index.ts';
import type { Terminated, Termination } from '../gateway/terminate.ts';
import type { MaskingSettings } from '../stages/masking/settings.ts';
import type { IdentitySettings } from '../stages/identity/settings.ts';
import type { LoginClient } from '../stages/identity/sign-in.ts';
import type { DraftFile } from '../stages/policy/draft.ts';
import type { Place } from '../wire/dial.ts';

/** What a thread is started with: the part that it runs. */
export type Role = 'archive' | 'api';

/** What the main thread answers its threads. */
export type MainHandlers = DataPlaneCalls & {
  status(nothing: null): ReturnType<GatewayPort['status']>;
  connections(nothing: null): ReturnType<GatewayPort['connections']>;
  protocols(nothing: null): ReturnType<GatewayPort['protocols']>;
  makeConnection(wish: ConnectionWish): ReturnType<GatewayPort['makeConnection']>;
  changeConnection(change: ConnectionChange): ReturnType<GatewayPort['changeConnection']>;
  removeConnection(change: Omit<ConnectionChange, 'connection'>): ReturnType<GatewayPort['removeConnection']>;
  tryConnection(order: ConnectionTrial & { readonly trial: string }): ReturnType<GatewayPort['tryConnection']>;
  policies(nothing: null): ReturnType<GatewayPort['policies']>;
  policyCatalogs(nothing: null): ReturnType<GatewayPort['policyCatalogs']>;
  checkPolicies(files: readonly DraftFile[]): ReturnType<GatewayPort['checkPolicies']>;
  terminate(termination: Termination): Promise<Terminated>;
};

/** What the archive's thread answers. */
export type ArchiveHandlers = {
  /** Rebuilds the catalog of a state folder where it is missing, and names the sessions that have no end in it. */
  prepare(state: string): Promise<{ session: string; lastSequence: number }[]>;
  start(nothing: null): Promise<void>;
  committed(position: { segment: number; offset: number }): void;
  status(nothing: null): ArchiverStatus;
  close(nothing: null): Promise<void>;
};

/** What the API's thread is told when it is to listen. */
export interface ApiData {
  readonly state: string;
  readonly listen: Place;
  readonly certificate: Certificate | null;
  readonly identity: IdentitySettings;
  readonly logins: readonly LoginClient[];
  readonly roles: Configuration['roles'];
  readonly approvals: DeskData;
  readonly masking: MaskingSettings | null;
}

/** What the API's thread answers. */
export type ApiHandlers = DeskHandlers & {
  listen(data: ApiData): Promise<Place>;
  /** How far a trial has come that it has asked for. */
  trialStepped(told: { readonly trial: string; readonly steps: TrialReport['steps'] }): void;
  close(nothing: null): Promise<void>;
};
