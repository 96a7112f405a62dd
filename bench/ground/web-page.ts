/** What an API answers mostly: a page of short records. */
export const page = JSON.stringify(Array.from({ length: 20 }, (_, id) => ({ id, name: `name ${id}`, text: 'some words about it' })));
