// The name of a host, as it is written in a URL and as sockets take it.
/** As Node's sockets take a URL's host name: an IPv6 address without its brackets. */
export function nodeHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
