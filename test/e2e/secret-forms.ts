/** Something that must be found nowhere, or, for a control, that must be found. */
export interface Needle {
  readonly name: string;
  readonly forms: readonly Buffer[];
}

/** A place that was looked through, and what was there. */
export interface Haystack {
  readonly where: string;
  readonly bytes: Buffer;
}

/** A text in the forms in which it could have been written down: as it is, escaped, and encoded at every alignment. */
export function textNeedle(name: string, text: string): Needle {
  const escaped = JSON.stringify(text).slice(1, -1);
  const written = [text, escaped, encodeURIComponent(text), new URLSearchParams({ '': text }).toString().slice(1)];
  const wide = Buffer.from(text, 'utf16le');
  return { name, forms: distinct([...written.map((form) => Buffer.from(form)), wide, ...encodings(Buffer.from(text))]) };
}

/** A token: whole, and each of the parts that make it one, the signature's bytes included. */
export function tokenNeedles(name: string, token: string): Needle[] {
  const [, payload = '', signature = ''] = token.split('.');
  const raw = Buffer.from(signature, 'base64url');
  return [
    textNeedle(`${name}, whole`, token),
    textNeedle(`${name}, its payload`, payload),
    textNeedle(`${name}, its signature`, signature),
    { name: `${name}, its signature's bytes`, forms: distinct([raw, ...encodings(raw)]) },
  ];
}

/** A cancel key as the wire has it, process number and secret: the secret's four bytes alone are found by chance. */
export function keyNeedle(name: string, key: Buffer): Needle {
  const hex = key.toString('hex');
  return { name, forms: [key, Buffer.from(hex), Buffer.from(hex.toUpperCase()), Buffer.from(hex.slice(8)), ...encodings(key).slice(2)] };
}

function encodings(bytes: Buffer): Buffer[] {
  const hex = bytes.toString('hex');
  const inBase64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The characters at the edges hold bits of what stands before and behind.
    const kept = text.slice(shift === 0 ? 0 : 4, text.length - (text.length % 4 === 0 ? 0 : 1));
    return [kept, kept.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [hex, hex.toUpperCase(), ...inBase64].map((form) => Buffer.from(form));
}

function distinct(forms: readonly Buffer[]): Buffer[] {
  return [...new Map(forms.map((form) => [form.toString('latin1'), form])).values()];
}

/** Where any form of a needle stands. */
export function find(needles: readonly Needle[], haystacks: readonly Haystack[]): string[] {
  return haystacks.flatMap(({ where, bytes }) =>
    needles.flatMap(({ name, forms }) => {
      const form = forms.find((candidate) => bytes.includes(candidate));
      if (form === undefined) return [];
      const at = bytes.indexOf(form);
      return [`${name} in ${where} at ${at}: …${bytes.toString('latin1', Math.max(0, at - 60), at)}`];
    }),
  );
}
