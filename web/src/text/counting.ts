/** A count with its noun: `1 row`, `2 rows`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString()} ${value === 1 ? one : many}`;
}

/** The first of some names, and how many more there are. */
export function names(list: readonly string[], most = 3): string {
  return list.length <= most ? list.join(', ') : `${list.slice(0, most).join(', ')} and ${list.length - most} more`;
}
