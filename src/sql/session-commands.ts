import { qualified } from './names.ts';
import type { Reader } from './reader.ts';
import { asKind, constantOf, type Fields, listOf, textOf } from './tree.ts';

/** Settings whose values are lists of names: SET takes each argument as one name, whatever it contains. */
const listsOfNames = new Set(['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries']);

/** SET and RESET in all their forms. */
export function changeSettings(fields: Fields, reader: Reader): void {
  const name = textOf(fields['name'])?.toLowerCase() ?? '';
  const local = fields['is_local'] === true;
  if (fields['kind'] === 'VAR_RESET_ALL') {
    reader.sets.push({ name: '*', value: null, toDefault: true, local: false });
    reader.deeds.add('set', 'read', 'Setting', '*');
  } else if (fields['kind'] === 'VAR_SET_MULTI') setModes(name, fields['args'], reader);
  else {
    const given = fields['kind'] === 'VAR_SET_VALUE';
    reader.set({ name, value: given ? valueOf(name, fields['args']) : null, toDefault: !given, local });
  }
}

function valueOf(name: string, args: unknown): string | null {
  const values = listOf(args).map(constantOf);
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return known.map((value) => (listsOfNames.has(name) ? qualified(value) : value)).join(', ');
}

/** SET TRANSACTION and SET SESSION CHARACTERISTICS, of which the latter sets the defaults of what the former sets. */
function setModes(form: string, args: unknown, reader: Reader): void {
  const session = form === 'session characteristics';
  setOptions(args, session ? 'default_' : '', reader);
  if (reader.sets.length === 0) reader.deeds.add('set', 'read', 'Setting', form);
}

function setOptions(options: unknown, prefix: string, reader: Reader): void {
  for (const option of listOf(options)) {
    const element = asKind(option, 'DefElem');
    if (element !== null)
      reader.set({
        name: `${prefix}${String(element['defname'])}`,
        value: constantOf(element['arg']),
        toDefault: false,
        local: prefix === '',
      });
  }
}

/** Two-phase commit outlives the session, and takes in what others have prepared. */
const twoPhase = new Set(['TRANS_STMT_PREPARE', 'TRANS_STMT_COMMIT_PREPARED', 'TRANS_STMT_ROLLBACK_PREPARED']);

export function transact(fields: Fields, reader: Reader): void {
  reader.transactionControl = true;
  reader.deeds.add('transaction', twoPhase.has(String(fields['kind'])) ? 'write' : 'read');
  setOptions(fields['options'], '', reader);
}
