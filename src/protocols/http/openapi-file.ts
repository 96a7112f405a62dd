import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../core/errors.ts';
import { type OpenApi, readOpenApi } from './openapi.ts';

const mostBytes = 32 * 1024 * 1024;

/** An OpenAPI document, written as `{ file: PATH }` and read when it is parsed. */
export function openApiFile(): z.ZodType<OpenApi, { file: string }> {
  return z.strictObject({ file: z.string().min(1).meta({ file: true }) }).transform(({ file }, context) => {
    try {
      const bytes = readFileSync(file);
      if (bytes.length > mostBytes) throw new RangeError('is larger than 32 MiB');
      const text = bytes.toString('utf8');
      const document: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { maxAliasCount: 1_000 });
      return readOpenApi(document);
    } catch (fault) {
      const message = `the file ${file} cannot be used (${messageOf(fault)}); name an OpenAPI 3 document in JSON or YAML`;
      context.addIssue({ code: 'custom', message, input: file });
      return z.NEVER;
    }
  });
}
