/** The word for the national ids of every country. */
export const nationalGroup = 'national-id';

/**
 * What a rule may name: a detector, or `national-id` for those of every country. There is no word for all: it would mask by surprise.
 * Written out here so that whoever only offers the names need not load what the detectors stand on.
 */
export const detectorNames: readonly [string, ...string[]] = [
  nationalGroup,
  'secret',
  'email',
  'iban',
  'card',
  'de-tax-id',
  'es-dni',
  'fr-nir',
  'it-codice-fiscale',
  'nl-bsn',
  'pl-pesel',
  'gb-nino',
  'us-ssn',
  'se-personnummer',
  'fi-hetu',
  'br-cpf',
  'in-aadhaar',
  'phone',
  'ip',
];
