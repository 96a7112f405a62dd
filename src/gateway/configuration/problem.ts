/** A mistake in a configuration. */
export interface ConfigurationProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column?: number;
  /** What is wrong. Never a value of the configuration: it could be a misplaced secret. */
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** The keys and list positions that lead from the top of the configuration to a value. */
export type Place = readonly PropertyKey[];

/** Reports a mistake at a place of the configuration file. */
export type Report = (place: Place, message: string, remedy: string) => void;

/** A place as people write it: `connections[0].target.port`. */
export function labelOf(place: Place): string {
  return place.reduce<string>((label, key) => {
    if (typeof key === 'number') return `${label}[${key}]`;
    return label === '' ? String(key) : `${label}.${String(key)}`;
  }, '');
}

/** The place that a label names. */
export function placeOf(label: string): Place {
  return [...label.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([text, index]) => (index === undefined ? text : Number(index)));
}
