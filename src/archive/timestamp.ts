/** RFC 3339 in UTC with milliseconds, of milliseconds since the epoch. What no date can show is shown as the epoch. */
export function timestamp(at: number): string {
  const date = new Date(Math.floor(at));
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
