import type { Places } from './headers.ts';

/** What may stand behind a URL's path for it to be that path, and not the beginning of a longer name. */
const boundary: ReadonlySet<number> = new Set(Buffer.from('/?#"\'\\<>) \t\r\n,;`', 'latin1'));

interface Form {
  readonly found: Buffer;
  readonly shown: Buffer;
}

/**
 * Leads the target's own URLs within a body back through the gateway: the connection's URL, as it is and as JSON may write it with
 * its slashes escaped. What is cut between two pieces is found, too.
 */
export class BodyUrls {
  readonly #forms: readonly Form[];
  /** The end of the last piece, in which a URL may have begun. */
  #held: Buffer = Buffer.alloc(0);

  constructor({ target, base }: Places) {
    const own = `${target.origin}${target.path}`;
    const escaped = (text: string) => text.replaceAll('/', '\\/');
    this.#forms = [
      { found: Buffer.from(own), shown: Buffer.from(base) },
      { found: Buffer.from(escaped(own)), shown: Buffer.from(escaped(base)) },
    ];
  }

  /** As much as can be told by now. */
  piece(bytes: Buffer): Buffer {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    return this.#replaced(all, this.#told(all));
  }

  end(): Buffer {
    return this.#replaced(this.#held, this.#held.length);
  }

  /** Up to where nothing that may be a URL goes on in the next piece: the byte behind it tells, too. An event is not held without need. */
  #told(all: Buffer): number {
    const longest = Math.max(...this.#forms.map(({ found }) => found.length));
    for (let at = Math.max(0, all.length - longest); at < all.length; at += 1)
      if (this.#forms.some(({ found }) => found.compare(all, at, all.length, 0, Math.min(found.length, all.length - at)) === 0)) return at;
    return all.length;
  }

  /** All that begins before `until`, with what was found in it replaced; the rest is held. */
  #replaced(all: Buffer, until: number): Buffer {
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
      const next = this.#next(all, at, until);
      if (next === null) break;
      parts.push(all.subarray(at, next.at), next.form.shown);
      at = next.at + next.form.found.length;
    }
    const end = Math.max(at, until);
    parts.push(all.subarray(at, end));
    this.#held = Buffer.from(all.subarray(end));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #next(all: Buffer, from: number, until: number): { readonly at: number; readonly form: Form } | null {
    let first: { readonly at: number; readonly form: Form } | null = null;
    for (const form of this.#forms)
      for (let at = all.indexOf(form.found, from); at !== -1 && at < until; at = all.indexOf(form.found, at + 1)) {
        const behind = all[at + form.found.length];
        if (behind !== undefined && !boundary.has(behind)) continue;
        if (first === null || at < first.at) first = { at, form };
        break;
      }
    return first;
  }
}
