/** What a browser does for a sign-in: keeps cookies by host and name, follows redirects, says where a request comes from. */
export interface Browser {
  /** The answer itself: no redirect is followed. */
  ask(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects to the end; returns the last address, whose answer was no redirect. */
  open(url: string, init?: RequestInit): Promise<{ readonly url: string; readonly response: Response }>;
  cookie(name: RegExp): string | undefined;
  setCookie(host: string, name: string, value: string): void;
}

export function openBrowser(): Browser {
  const jar = new Map<string, string>();
  const ask = async (url: string, init: RequestInit = {}) => {
    const { hostname } = new URL(url);
    const own = [...jar]
      .filter(([key]) => key.startsWith(`${hostname} `))
      .map(([key, value]) => `${key.slice(hostname.length + 1)}=${value}`);
    const headers = new Headers(init.headers);
    if (own.length > 0) headers.set('cookie', own.join('; '));
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(`${hostname} ${name}`);
      else jar.set(`${hostname} ${name}`, value);
    }
    return response;
  };
  return {
    ask,
    open: async (start, init) => {
      let [url, response] = [start, await ask(start, init)];
      for (let hops = 0; response.status >= 300 && response.status < 400 && hops < 10; hops += 1) {
        await response.body?.cancel();
        url = new URL(response.headers.get('location') ?? '', url).href;
        response = await ask(url);
      }
      return { url, response };
    },
    cookie: (name) => [...jar].find(([key]) => name.test(key))?.[1],
    setCookie: (host, name, value) => void jar.set(`${host} ${name}`, value),
  };
}

/** Signs in to a console by a demonstration's identity provider, as one of its people. */
export async function signIn(
  browser: Browser,
  console: string,
  person: string,
  back = '/',
): Promise<{ readonly url: string; readonly response: Response }> {
  const page = await browser.open(`${console}/api/v1/login?return=${encodeURIComponent(back)}`);
  const action = new RegExp(`action="([^"]+/${person})"`).exec(await page.response.text())?.[1];
  if (action === undefined) throw new Error(`${page.url} does not offer ${person}`);
  return browser.open(new URL(action, page.url).href, { method: 'POST' });
}
