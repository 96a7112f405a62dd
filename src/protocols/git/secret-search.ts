import { lintSource } from '@secretlint/core';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';

/** Where a secret was found. Never what it is. */
export interface SecretPlace {
  /** Of a file; `commit ID` or `tag ID` where it stands in what one of these says. */
  readonly path: string;
  readonly line: number;
  /** The rule's name without its package: `github`, `privatekey`. */
  readonly rule: string;
}

/** So much is looked through at once (measured: 18 ms for 250 KiB), at the end of a file where that is near. */
const pieceChars = 256 * 1024;
const mostChars = 1024 * 1024;
/** Longer lines are looked through in windows that overlap by more than any token is long: the rules' patterns may backtrack. */
const windowChars = 8 * 1024;
const overlapChars = 1024;

/**
 * A comment in the pushed text could switch secretlint off by the preset's own filter rule, so that is left out: whoever
 * pushes does not decide what is looked for.
 */
const wanted = rules.filter(({ meta }) => !meta.id.endsWith('filter-comments'));
const configuration = { rules: wanted.map((rule) => ({ id: rule.meta.id, rule })) };
const prefix = '@secretlint/secretlint-rule-';

/** Looks for secrets in added lines and in messages, with the rules of secretlint. */
export class SecretSearch {
  readonly #found: SecretPlace[] = [];
  #texts: string[] = [];
  /** Of each line of the texts: its path's place in the list, and its number. */
  #places: number[] = [];
  #paths: string[] = [];
  #chars = 0;
  #atFileEnd = true;

  get found(): readonly SecretPlace[] {
    return this.#found;
  }

  add(path: string, number: number, text: string): void {
    if (this.#paths.at(-1) !== path) this.#paths.push(path);
    for (let from = 0; from === 0 || from < text.length; from += windowChars - overlapChars) {
      this.#texts.push(text.length <= windowChars ? text : text.slice(from, from + windowChars));
      this.#places.push(this.#paths.length - 1, number);
      this.#chars += Math.min(windowChars, text.length - from) + 1;
    }
    this.#atFileEnd = false;
  }

  fileEnds(): void {
    this.#atFileEnd = true;
  }

  /** Looks through what has come together, where that is worth it. */
  async settle(): Promise<void> {
    if (this.#chars > mostChars || (this.#chars > pieceChars && this.#atFileEnd)) await this.finish();
  }

  async finish(): Promise<void> {
    if (this.#texts.length === 0) return;
    const [places, paths, content] = [this.#places, this.#paths, this.#texts.join('\n')];
    this.#places = [];
    this.#paths = [];
    this.#texts = [];
    this.#chars = 0;
    const { messages } = await lintSource({
      source: { filePath: 'pushed.txt', ext: '.txt', contentType: 'text', content },
      options: { config: configuration, maskSecrets: true, noPhysicFilePath: true },
    });
    for (const { ruleId, loc } of messages) {
      const at = 2 * (loc.start.line - 1);
      const [path, line] = [paths[places[at] ?? -1], places[at + 1]];
      if (path !== undefined && line !== undefined) this.#found.push({ path, line, rule: ruleId.replace(prefix, '') });
    }
  }
}
