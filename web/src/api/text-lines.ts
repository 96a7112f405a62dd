/** How long the page may read lines before it lets the browser draw. */
const turnMs = 8;
/** A line of more characters takes turns of its own. */
export const longLine = 256 * 1024;

/** Lets the browser draw. */
export function nextTurn(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

/** Lines of text as they come, with a pause for the browser now and then. Invalid UTF-8 becomes U+FFFD, which the page shows. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let turn = performance.now();
  // A line of megabytes comes in many chunks, and each of them is looked through once.
  let begun: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const [first = '', ...more] = (done ? decoder.decode() : decoder.decode(value, { stream: true })).split('\n');
      begun.push(first);
      for (const next of more) {
        const line = withoutReturn(begun.join(''));
        if (line.length > longLine) await nextTurn();
        yield line;
        begun = [next];
        if (line.length <= longLine && performance.now() - turn < turnMs) continue;
        await nextTurn();
        turn = performance.now();
      }
      if (!done) continue;
      if (begun.join('') !== '') yield withoutReturn(begun.join(''));
      return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
