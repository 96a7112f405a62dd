/** Shorter secrets would be found in what has nothing to do with them, and tell by what is missing. */
const shortest = 6;
const star = 0x2a;

/**
 * Takes a credential out of what a target says: some echo a request's headers, some put a key into their own links. Every form
 * that it is sent in counts. What takes its place is as long, so that lengths and ranges stay what they were.
 */
export class Scrubber {
  readonly #forms: readonly Buffer[];
  /** The same as texts of ISO 8859-1, which header values are. */
  readonly #texts: readonly string[];

  constructor(secrets: readonly string[]) {
    const forms = new Set(secrets.filter((secret) => secret.length >= shortest).flatMap(formsOf));
    this.#forms = [...forms].toSorted((one, other) => other.length - one.length).map((form) => Buffer.from(form, 'utf8'));
    this.#texts = this.#forms.map((form) => form.toString('latin1'));
  }

  get isEmpty(): boolean {
    return this.#forms.length === 0;
  }

  /** The bytes without any form; the same buffer where there is none in it. */
  bytes(bytes: Buffer): Buffer {
    let clean = bytes;
    for (const form of this.#forms)
      for (let at = clean.indexOf(form); at !== -1; at = clean.indexOf(form, at + form.length)) {
        if (clean === bytes) clean = Buffer.from(bytes);
        clean.fill(star, at, at + form.length);
      }
    return clean;
  }

  text(text: string): string {
    let clean = text;
    for (const form of this.#texts) if (clean.includes(form)) clean = clean.replaceAll(form, '*'.repeat(form.length));
    return clean;
  }

  /** How many of the last bytes may be the beginning of a form that goes on in the next piece. */
  begun(bytes: Buffer): number {
    let longest = 0;
    for (const form of this.#forms) longest = Math.max(longest, begunOf(bytes, form));
    return longest;
  }
}

/** Plain loops: it is asked at the end of every piece, and nearly always finds nothing. */
function begunOf(bytes: Buffer, form: Buffer): number {
  const first = form[0] ?? 0;
  for (let at = Math.max(0, bytes.length - form.length + 1); at < bytes.length; at += 1) {
    if (bytes[at] !== first) continue;
    const length = bytes.length - at;
    if (form.compare(bytes, at, bytes.length, 0, length) === 0) return length;
  }
  return 0;
}

/** As it is, encoded for a URL (both ways of writing a space), as JSON has it, and in base64. */
function formsOf(secret: string): string[] {
  const url = encodeURIComponent(secret);
  return [secret, url, url.replaceAll('%20', '+'), JSON.stringify(secret).slice(1, -1), Buffer.from(secret, 'utf8').toString('base64')];
}
