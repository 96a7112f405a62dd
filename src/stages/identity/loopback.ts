/** Whether a URL's host is this machine itself. `localhost` counts: RFC 6761 section 6.3 keeps it for loopback. */
export function isLoopback(url: URL): boolean {
  const { hostname } = url;
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
