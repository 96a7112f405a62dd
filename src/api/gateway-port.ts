import type { AuditEvent } from '../core/entry.ts';
import type { JsonObject } from '../core/json.ts';
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

/** A configured connection without anything secret in it. */
export interface ConnectionItem {
  readonly name: string;
  readonly protocol: string;
  readonly recording: RecordingTerms;
  readonly retentionDays: number;
  /** Where it leads, as configured; what is secret in it stands there as `[secret]`. */
  readonly target: JsonObject;
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
  policies(): Promise<PoliciesInForce>;
  /** What policies can speak of. */
  policyCatalogs(): Promise<readonly PolicyCatalog[]>;
  checkPolicies(files: readonly DraftFile[]): Promise<DraftFindings>;
  terminate(termination: Termination): Promise<Terminated>;
}
