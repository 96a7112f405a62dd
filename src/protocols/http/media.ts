/** How a body of a media type is read. */
export type BodyKind = 'json' | 'text' | 'bytes';

/** The type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

const texts =
  /^(text\/.*|application\/(xml|xhtml\+xml|javascript|ecmascript|x-www-form-urlencoded|graphql|x-ndjson|ndjson|x-jsonlines|jsonlines|jsonl|json-seq|yaml|x-yaml|toml|sql|x-sh|ld\+json-seq)|.*\+(xml|yaml))$/;

export function bodyKindOf(mediaType: string): BodyKind {
  if (mediaType === 'application/json' || mediaType === 'text/json' || mediaType.endsWith('+json')) return 'json';
  return texts.test(mediaType) ? 'text' : 'bytes';
}

const asciiCharsets = /^(utf-?8|us-ascii|ascii|iso-8859-1|latin1|windows-1252)$/i;

/** The charset of a text, as TextDecoder has it; UTF-8 where none is named, or one that is not known. */
export function charsetOf(contentType: string): string {
  const named = /;\s*charset="?([A-Za-z0-9._-]+)"?/i.exec(contentType)?.[1] ?? 'utf-8';
  if (asciiCharsets.test(named)) return named.toLowerCase();
  try {
    return new TextDecoder(named).encoding;
  } catch {
    return 'utf-8';
  }
}
