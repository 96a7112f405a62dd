/** One server-sent event, as a client reads it. */
export interface ReadEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: unknown;
}

/** Reads a stream of server-sent events; what comes is gathered in `seen`. */
export function readEvents(response: Response) {
  const seen: ReadEvent[] = [];
  let rest = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
        const data = field('data');
        if (data !== null) seen.push({ event: field('event') ?? 'message', id: field('id'), data: JSON.parse(data) });
      }
    }
  })();
  ended.catch(() => {});
  return { seen, ended };
}
