import type { AuditEvent } from '../core/entry.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { ProbeStep } from '../core/probe.ts';
import type { RecordingTerms } from '../core/recorder.ts';
import type { DraftFile, DraftFindings } from '../stages/policy/draft.ts';
import type { PoliciesInForce } from '../stages/policy/keeper.ts';
import type { PolicyCatalog } from '../stages/policy/schema.ts';

/** What a measure may be told apart by. Names of people and texts of requests are none of these, so they cannot leak into metrics. */
export const measureLabels = ['connection', 'protocol', 'listener', 'outcome', 'code', 'direction'] as const;
export type MeasureLabel = (typeof measureLabels)[number];

/** One number the gateway counts, as `/metrics` shows it. Samples of one name share `help` and `type`. */
export interface Measure {
  /** Prometheus style, units and all: `chaperone_journal_bytes_total`. */
  readonly name: string;
  readonly help: string;
  /** A counter only ever rises until the gateway restarts. */
  readonly type: 'counter' | 'gauge';
  readonly value: number;
  /** `connection` takes configured names only: what strangers ask for would grow without bound. */
  readonly labels?: { readonly [label in MeasureLabel]?: string };
}

/** How the gateway is doing right now. */
export interface GatewayStatus {
  /** Null when a new session would be admitted and recorded, or why not. */
  readonly ready: string | null;
  readonly sessions: { readonly active: number };
  /** Of the journal, the archive and each connection. */
  readonly measures: readonly Measure[];
}

/** Who did something, as the trail names them, and when (RFC 3339). */
export interface Stamp {
  readonly at: string;
  readonly by: string;
}

/** The listener by which the clients of a connection come. */
interface Serving {
  /** As the configuration file names it below `listen`. */
  readonly listener: string;
  /** Where it listens: `127.0.0.1:15432`. */
  readonly address: string;
  /** Whether connections lie below it, each under `/NAME`. */
  readonly paths: boolean;
}

/** A connection without anything secret in it. */
export interface ConnectionItem {
  readonly name: string;
  readonly protocol: string;
  readonly recording: RecordingTerms;
  readonly retentionDays: number;
  /** Where it leads, as configured; what is secret in it stands there as `[secret]`. */
  readonly target: JsonObject;
  /** Where it comes from, and so where it is changed. */
  readonly origin:
    | { readonly kind: 'file'; readonly file: string; readonly line: number }
    | { readonly kind: 'console'; readonly made: Stamp; readonly changed: Stamp };
  /** What a change of it must name; null where the file has it. */
  readonly version: string | null;
  /** By which listener its clients come; null where it cannot be used. */
  readonly serving: Serving | null;
  /** Why nobody can use it; null where it can be used. */
  readonly fault: string | null;
  /** As it was written, without its secrets, where it was made in the console. */
  readonly written: JsonObject | null;
  /** The fields that hold a secret which was given in the console. */
  readonly secrets: readonly (Stamp & { readonly field: string })[];
}

/** What a form for a protocol's connections is made of. */
export interface ProtocolItem {
  readonly name: string;
  /** By which listener clients come; null where there is none, and then no connection can be made. */
  readonly serving: Serving | null;
  /** What to do where there is none. */
  readonly remedy: string | null;
  readonly schema: JsonObject;
}

/** What somebody wants a connection to be, and who. */
export interface ConnectionWish {
  readonly name: string;
  readonly connection: JsonObject;
  /** As the trail names them. */
  readonly by: string;
}

/** What somebody wants to become of a connection that is there. */
export interface ConnectionChange extends ConnectionWish {
  /** The versions that it may be of, or any where it is `*`; null where nothing is said. */
  readonly versions: readonly string[] | '*' | null;
}

/** Who wants which connection tried: what there is, where `connection` is null, or a draft. */
export interface ConnectionTrial {
  readonly name: string;
  readonly connection: JsonObject | null;
  readonly principal: Principal;
  readonly by: string;
}

/** How far a trial came, and why not further. */
export interface TrialReport {
  readonly session: string | null;
  readonly steps: readonly { readonly step: ProbeStep; readonly ms: number | null }[];
  readonly says: string | null;
  readonly failure: { readonly step: ProbeStep; readonly code: ErrorCode; readonly message: string; readonly hint: string } | null;
}

/** What became of it. */
export type Registered = { readonly kind: 'done' } | NotRegistered;
export interface NotRegistered {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly problems: readonly { readonly place: string; readonly message: string; readonly remedy: string }[];
}

/** Who wants which session ended, and why. */
export interface Termination {
  readonly session: string;
  /** As the trail names them. */
  readonly by: string;
  readonly reason: string | null;
}

/** What became of it. Times are Unix times in milliseconds. */
export type Terminated =
  | { readonly kind: 'not-open' }
  | { readonly kind: 'stopped'; readonly stoppedAt: number; readonly endedAt: number | null };

/** All that the API, which runs in a thread of its own, asks of the gateway's main thread. */
export interface GatewayPort {
  /** Resolves once the event is committed to the journal; rejects where it cannot be. */
  audit(event: AuditEvent): Promise<void>;
  status(): Promise<GatewayStatus>;
  connections(): Promise<readonly ConnectionItem[]>;
  protocols(): Promise<readonly ProtocolItem[]>;
  makeConnection(wish: ConnectionWish): Promise<Registered>;
  changeConnection(change: ConnectionChange): Promise<Registered>;
  /** `told` hears of the steps so far whenever one begins. */
  tryConnection(
    order: ConnectionTrial,
    told: (steps: TrialReport['steps']) => void,
  ): Promise<{ readonly kind: 'tried'; readonly report: TrialReport } | NotRegistered>;
  removeConnection(change: Omit<ConnectionChange, 'connection'>): Promise<Registered>;
  policies(): Promise<PoliciesInForce>;
  /** What policies can speak of. */
  policyCatalogs(): Promise<readonly PolicyCatalog[]>;
  checkPolicies(files: readonly DraftFile[]): Promise<DraftFindings>;
  terminate(termination: Termination): Promise<Terminated>;
}
