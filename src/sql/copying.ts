import { outermost, type Reader } from './reader.ts';
import { readRelation, writeRelation } from './reads.ts';
import { type Fields, isFields, textOf } from './tree.ts';

/** COPY: between the client and a table or a query's rows, or with the server's own files and programs. */
export function copy(fields: Fields, reader: Reader): void {
  const verb = fields['is_from'] === true ? 'copy-in' : 'copy-out';
  const relation = isFields(fields['relation']) ? fields['relation'] : null;
  if (relation === null) {
    reader.deeds.add(verb, 'read');
    reader.statement(fields['query']);
  } else if (verb === 'copy-in') writeRelation(verb, relation, reader);
  else {
    reader.table(verb, 'read', relation);
    readRelation(relation, false, reader);
  }
  reader.visit(fields['whereClause'], outermost);
  const place = textOf(fields['filename']);
  if (fields['is_program'] === true) reader.deeds.add(verb, 'admin', 'Program', place ?? '');
  else if (place !== null) reader.deeds.add(verb, 'admin', 'File', place);
}
