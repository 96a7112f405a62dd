import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../core/errors.ts';
import { type Described, type OpenApi, openApiOf, operationsOf, readOpenApi } from './openapi.ts';

const mostBytes = 32 * 1024 * 1024;
/** Of operations that are written out: what is kept of a document is compared and sealed where sessions run. */
const mostWritten = 2_000;
const longestWritten = 1_000;

const fromFile = z.strictObject({ file: z.string().min(1).meta({ file: true }) }).transform(({ file }, context) => {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > mostBytes) throw new RangeError('is larger than 32 MiB');
    return readOpenApi(parsed(bytes.toString('utf8')));
  } catch (fault) {
    const message = `the file ${file} cannot be used (${messageOf(fault)}); name an OpenAPI 3 document in JSON or YAML`;
    context.addIssue({ code: 'custom', message, path: ['file'], input: file });
    return z.NEVER;
  }
});

const fromText = z
  .strictObject({ document: z.string().min(1).meta({ document: true, description: 'The document itself, in JSON or YAML.' }) })
  .transform(({ document }, context) => {
    try {
      return readOpenApi(parsed(document));
    } catch (fault) {
      context.addIssue({ code: 'custom', message: `the document ${firstLine(fault)}`, path: ['document'], input: document });
      return z.NEVER;
    }
  });

const written = z
  .string()
  .max(longestWritten)
  .transform((line, context) => {
    const described = readLine(line);
    if (described !== null) return described;
    context.addIssue({ code: 'custom', message: 'is no operation; write one such as GET /customers/{id} getCustomer', input: line });
    return z.NEVER;
  });

const fromOperations = z
  .strictObject({
    operations: z.array(written).min(1).max(mostWritten).describe('What was read of a document: METHOD /path/{parameter} operationId.'),
  })
  .transform(({ operations }) => openApiOf(operations));

/** An OpenAPI document: as `{ file: PATH }` read when it is parsed, as its text, or as the operations that are in it. */
export function openApi(): z.ZodType<OpenApi> {
  return z.union([fromFile, fromText, fromOperations]);
}

/** What is kept of a document in its stead. Throws a RangeError that says what is wrong with it, and where. */
export function keptOfDocument(text: string): { readonly operations: readonly string[] } {
  const described = readWhole(text);
  if (described.length === 0) throw new RangeError('has no operations');
  if (described.length > mostWritten) throw new RangeError(`has more than ${mostWritten} operations, which only a file may have`);
  const operations = described.map(({ method, template, operationId }) => `${method} ${template} ${operationId}`.trimEnd());
  const lost = operations.find((line, index) => line.length > longestWritten || readLine(line)?.template !== described[index]?.template);
  if (lost !== undefined) throw new RangeError(`has an operation whose path cannot be written out: ${lost.slice(0, 200)}`);
  return { operations };
}

function readWhole(text: string): readonly Described[] {
  try {
    return operationsOf(parsed(text));
  } catch (fault) {
    throw new RangeError(firstLine(fault), { cause: fault });
  }
}

function parsed(text: string): unknown {
  return text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { maxAliasCount: 1_000 });
}

/** Behind it YAML's parser shows the text itself. */
function firstLine(fault: unknown): string {
  const [line = ''] = messageOf(fault).split('\n', 1);
  return fault instanceof RangeError ? line : `cannot be read: ${line.replace(/:$/, '')}`;
}

/** `GET /customers/{customer id} getCustomer`: a parameter's name may have spaces, and all else of a path has none. */
function readLine(line: string): Described | null {
  const [, method = '', template = '', operationId = ''] = /^([A-Z]{3,7}) (\/(?:[^\s{}]|\{[^{}\n]*\})*)(?: (.*))?$/.exec(line) ?? [];
  return template === '' ? null : { method, template, operationId: operationId.trim() };
}
