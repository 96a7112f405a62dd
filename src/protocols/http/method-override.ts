/*
 * Rails, Laravel, Symfony, Express and ASP.NET can be told by a parameter to take a POST for another method, in the query or in a form.
 * What they are told that way is judged as if it had been the method; the headers that say the same never pass.
 */
const method = /^[A-Za-z]{1,32}$/;
/** PHP makes an underscore of a dot and of a bracket. */
const parameter = /^\s*[_.[]method(?:\[|\s*$)/i;

export type FormKind = 'urlencoded' | 'multipart';

/** How a body's parameters are written; null where it has none. */
export function formKindOf(contentType: string): FormKind | null {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-www-form-urlencoded') return 'urlencoded';
  return type === 'multipart/form-data' ? 'multipart' : null;
}

/** The methods that a query names, in capitals; what is no method's name is UNKNOWN. */
export function overridesInQuery(query: string | null): readonly string[] {
  // Most name none; an encoded name has a percent sign.
  if (query === null || !/method|%/i.test(query)) return none;
  const found: string[] = [];
  for (const pair of query.split(/[&;]/)) {
    const [name = '', ...value] = pair.split('=');
    if (parameter.test(decoded(name))) found.push(named(decoded(value.join('='))));
  }
  return found;
}

/** The methods that a form names. Null is one that is too long to be read: of parameters nobody knows what they say, of parts see `OverrideWatch`. */
export function overridesInForm(kind: FormKind | null, body: Buffer | null): readonly string[] {
  if (kind === null) return none;
  if (body === null) return kind === 'urlencoded' ? unknown : none;
  const text = body.toString('latin1');
  return kind === 'urlencoded' ? overridesInQuery(text) : inParts(text);
}

const none: readonly string[] = [];
const unknown: readonly string[] = ['UNKNOWN'];
/** A part's name; and behind the part's head what it holds, as far as that could be a method. */
const partName = /\bname\s{0,8}=\s{0,8}["']?\s{0,8}[_.[]method/i;
const partValue = /^[^\r\n]{0,256}(?:\r\n[^\r\n]{1,256}){0,8}\r\n\r\n([^\r\n]{0,40})/;

function inParts(text: string): string[] {
  const found: string[] = [];
  let rest = text;
  for (let at = rest.search(partName); at !== -1; at = rest.search(partName)) {
    rest = rest.slice(at + 'name'.length);
    found.push(named(partValue.exec(rest)?.[1] ?? ''));
  }
  return found;
}

function named(value: string): string {
  const wanted = value.trim();
  return method.test(wanted) ? wanted.toUpperCase() : 'UNKNOWN';
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced; // No UTF-8: then its bytes are what it says.
  }
}

/** Longer than the longest name that is looked for, with what may stand in it. */
const overlap = 64;
const word = Buffer.from('ethod', 'latin1');

/** Looks through a long form of parts while it passes, for a part that would make another method of it. */
export class OverrideWatch {
  #tail: Buffer = Buffer.alloc(0);

  /** Whether such a part begins here. */
  finds(bytes: Buffer): boolean {
    const seam = Buffer.concat([this.#tail, bytes.subarray(0, overlap)]);
    this.#tail = Buffer.from((bytes.length < overlap ? seam : bytes).subarray(-overlap));
    return has(seam) || has(bytes);
  }
}

function has(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(word); at !== -1; at = bytes.indexOf(word, at + 1))
    if (partName.test(bytes.toString('latin1', Math.max(0, at - overlap), at + word.length))) return true;
  return false;
}
