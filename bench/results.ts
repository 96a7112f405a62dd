import type { Options } from './options.ts';

/** The ways to the target, in the order of the tables. `pipe` only carries bytes; `write` and `fsync` are Chaperone's durabilities. */
export const variantNames = ['direct', 'pgbouncer', 'pipe', 'write', 'fsync'] as const;
export type VariantName = (typeof variantNames)[number];

export const modes = ['simple', 'prepared', 'pipeline'] as const;
export type Mode = (typeof modes)[number];

/** One run of pgbench. */
export interface PgbenchRun {
  readonly mode: Mode;
  readonly clients: number;
  readonly round: number;
  readonly variant: VariantName;
  readonly statementsPerSecond: number;
  /** Of a transaction: one statement, or a pipeline of a hundred. */
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** Processor time of the process in between for each statement, archiving included; null for the direct way. */
  readonly cpuMicros: number | null;
  /** Of the gateway's journal; null but for Chaperone's. */
  readonly journal: { readonly statements: number; readonly commits: number; readonly flushes: number } | null;
}

export interface CopyRun {
  readonly direction: 'in' | 'out';
  readonly round: number;
  readonly variant: VariantName;
  readonly megabytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number | null;
  readonly peakResidentBytes: number | null;
}

export interface ResultRun {
  readonly round: number;
  readonly variant: VariantName;
  readonly stalled: boolean;
  readonly rows: number;
  readonly megabytes: number;
  /** The stall not counted. */
  readonly seconds: number;
  readonly residentBeforeBytes: number | null;
  readonly peakResidentBytes: number | null;
}

export interface IdleRun {
  readonly variant: VariantName;
  readonly sessions: number;
  /** For each session, as the kernel counts it. */
  readonly residentBytes: number;
  /** For each session after a collection of garbage at both ends; null where that cannot be asked for. */
  readonly collected: CollectedMemory | null;
}

/** For each session. */
export interface CollectedMemory {
  readonly residentBytes: number;
  readonly mainHeapBytes: number;
  readonly otherHeapsBytes: number;
  readonly externalBytes: number;
}

export interface ConnectRun {
  readonly connections: number;
  readonly errors: number;
  readonly firstError: string | null;
  readonly offeredPerMinute: number;
  readonly achievedPerMinute: number;
  /** From the moment it was due to ReadyForQuery. */
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** As fast as 16 at a time go. */
  readonly mostPerMinute: number;
  readonly cpuMicros: number;
}

/** One run of pgbench, prepared, over so many gateways that share a port. */
export interface ProcessesRun
  extends Pick<PgbenchRun, 'clients' | 'round' | 'statementsPerSecond' | 'p50Micros' | 'p99Micros' | 'cpuMicros'> {
  /** 0 is the direct way. */
  readonly processes: number;
  /** Of each gateway: how the kernel spread pgbench's clients, its first connection that asks for the tables' size among them. */
  readonly sessions: readonly number[];
}

/** What it takes to read and judge a statement, in one process. */
export interface VerdictRun {
  readonly round: number;
  readonly policies: number;
  /** The text came before. */
  readonly cachedMicros: number;
  readonly uncachedMicros: number;
  /** From the files to policies that can judge, with 200 rules of masking. */
  readonly loadSeconds: number;
}

/** One run of pgbench over a gateway with few rules, or armed with many. */
export interface GateRun
  extends Pick<PgbenchRun, 'mode' | 'clients' | 'round' | 'statementsPerSecond' | 'p50Micros' | 'p99Micros' | 'cpuMicros'> {
  readonly armed: boolean;
}

/** A large result of three text columns, all of which are masked in one way, or not. */
export interface MaskingRun {
  readonly round: number;
  readonly treatment: 'nothing' | 'redact' | 'sealed' | 'partial' | 'pseudonym' | 'detectors';
  readonly rows: number;
  readonly seconds: number;
  /** Of the whole process, archiving included. */
  readonly cpuSeconds: number;
}

/** Pages and one large body by one way, one after the other. */
export interface HttpRun {
  readonly round: number;
  /** `answers`: a server of Node's that answers by itself; `proxy`: one that hands on and keeps nothing. */
  readonly variant: 'direct' | 'nginx' | 'answers' | 'proxy' | 'write' | 'fsync';
  readonly loads: readonly {
    readonly connections: number;
    readonly requests: number;
    readonly requestsPerSecond: number;
    readonly p50Micros: number;
  }[];
  /** A request of the pages, archiving as far as it came meanwhile included. */
  readonly cpuMicros: number | null;
  /** Of a body towards the client, and of one towards the target; null where neither passes. */
  readonly megabytesPerSecond: number | null;
  readonly sentMegabytesPerSecond?: number | null;
  /** After the pages alone, and over all. */
  readonly peakOfPagesBytes?: number | null;
  readonly peakResidentBytes: number | null;
}

/** One large repository by one way: pushed, cloned, and changed. */
export interface GitRun {
  readonly round: number;
  readonly variant: 'direct' | 'write' | 'fsync';
  readonly objects: number;
  /** That the change changes. */
  readonly files: number;
  readonly pushSeconds: number;
  readonly cloneSeconds: number;
  readonly changeSeconds: number;
  /** Null for the direct way. */
  readonly gateway: { readonly pushCpuSeconds: number; readonly peakResidentBytes: number } | null;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly pgbench: string;
  readonly pgbouncer: string | null;
  /** Processes that wanted to run in the minute before, beside the benchmark. */
  readonly loadBefore: number;
  /** How long a flush of a page to the disk of the gateway's state takes. */
  readonly flushMicros: number;
}

export interface Results {
  readonly date: string;
  readonly options: Options;
  readonly machine: Machine;
  readonly pgbench: readonly PgbenchRun[];
  readonly copy: readonly CopyRun[];
  readonly result: readonly ResultRun[];
  readonly idle: readonly IdleRun[];
  readonly connect: readonly ConnectRun[];
  /** Absent from runs saved before there was this stage. */
  readonly processes?: readonly ProcessesRun[];
  readonly gate?: { readonly verdicts: readonly VerdictRun[]; readonly rates: readonly GateRun[] };
  readonly masking?: readonly MaskingRun[];
  readonly http?: readonly HttpRun[];
  readonly git?: readonly GitRun[];
}
