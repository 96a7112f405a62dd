import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { anomaliesPath, isMissing, makePrivateFolder, syncNames } from './layout.ts';

export const anomalyKinds = ['segment-damaged', 'segment-missing', 'sequence-gap', 'may-miss-entries'] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

/** Something that should be on record and is not, or is damaged. */
export interface Anomaly {
  /** The same damage met again has the same id. */
  readonly id: string;
  readonly at: number;
  /** The session whose record is not whole; null where it is not known which are. */
  readonly session: string | null;
  readonly segment: number | null;
  readonly offset: number | null;
  readonly kind: AnomalyKind;
  /** One sentence. */
  readonly detail: string;
}

/** The anomalies of a state folder. Kept in a file of their own, so that a rebuilt catalog still says what is missing. */
export class Anomalies {
  readonly #path: string;
  readonly #known = new Map<string, Anomaly>();
  readonly #sessions = new Set<string>();

  constructor(state: string) {
    this.#path = anomaliesPath(state);
    for (const anomaly of readAnomalies(this.#path)) this.#remember(anomaly);
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  touches(session: string): boolean {
    return this.#sessions.has(session);
  }

  all(): IterableIterator<Anomaly> {
    return this.#known.values();
  }

  /** Puts on disk those that are not known yet and returns them. */
  note(anomalies: readonly Anomaly[]): Anomaly[] {
    const fresh = anomalies.filter((anomaly) => !this.#known.has(anomaly.id));
    if (fresh.length === 0) return fresh;
    makePrivateFolder(dirname(this.#path));
    const file = openSync(this.#path, 'a', 0o600);
    try {
      // A line that a crash cut short must not swallow the next one.
      writeSync(file, `\n${fresh.map((anomaly) => JSON.stringify(anomaly)).join('\n')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncNames([this.#path]);
    for (const anomaly of fresh) this.#remember(anomaly);
    return fresh;
  }

  #remember(anomaly: Anomaly): void {
    this.#known.set(anomaly.id, anomaly);
    if (anomaly.session !== null) this.#sessions.add(anomaly.session);
  }
}

function readAnomalies(path: string): Anomaly[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (fault) {
    if (isMissing(fault)) return [];
    throw fault;
  }
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** Null for a line that a crash cut short: what it told is found and noted again. */
function parseLine(line: string): Anomaly | null {
  if (line === '') return null;
  try {
    // Only `note` writes this file.
    return JSON.parse(line) as Anomaly;
  } catch {
    return null;
  }
}
