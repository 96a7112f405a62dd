import type { Person } from './people.ts';

/** The page on which one chooses who to be: everybody on a button of their own, signed in by one press. */
export function choosePage(people: readonly Person[], action: (name: string) => string): string {
  const buttons = people.map(
    ({ name, groups, says }) => `
      <li><form method="post" action="${action(name)}"><button>
        <b>${name}</b> <span>${says}</span> <small>${groups.join(', ')}</small>
      </button></form></li>`,
  );
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Choose who you are</title>
  <style>${style}</style>
  <main>
    <h1>Who are you?</h1>
    <p>This is the demonstration’s identity provider. Its people are invented and there are no passwords: choose one.</p>
    <ul>${buttons.join('')}
    </ul>
  </main>
</html>
`;
}

/** The page on which one signs out: `form` is the provider's own, named op.logoutForm. */
export function leavePage(form: string): string {
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Sign out</title>
  <style>${style}</style>
  <main>
    <h1>Sign out here too?</h1>
    <p>This is the demonstration’s identity provider. The console has signed you out already.</p>
    ${form}
    <button form="op.logoutForm" name="logout" value="yes"><b>Sign out</b></button>
  </main>
</html>
`;
}

/** The style is the page's own, and the policy allows nothing else. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

const style = `
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#f5f3ec, #0f1416); color: light-dark(#1a1e21, #e8e6df) }
  main { max-width: 34rem; margin: 12vh auto; padding: 0 1rem }
  h1 { font-size: 1.6rem; font-weight: 600 }
  ul { list-style: none; padding: 0; border-top: 1px solid light-dark(#827e6f, #646d73) }
  button { all: unset; box-sizing: border-box; width: 100%; min-height: 44px; padding: .75rem; cursor: pointer; border-bottom: 1px solid light-dark(#827e6f, #646d73) }
  button:hover { background: light-dark(#eae7dd, #171d20) }
  button:focus-visible { outline: 2px solid; outline-offset: 2px }
  b { display: inline-block; min-width: 5rem }
  small { display: block; padding-left: 5.25rem; font-family: ui-monospace, monospace }`;
