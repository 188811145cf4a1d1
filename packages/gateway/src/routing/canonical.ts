const UNRESERVED_ESCAPE = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i

/** Whether a URI is spelled the one way that it has. Source: RFC 3986 §6.2.2. */
export function isCanonical(uri: string): boolean {
  const scheme = uri.slice(0, uri.indexOf(':'))
  if (scheme !== scheme.toLowerCase() || UNRESERVED_ESCAPE.test(uri)) return false
  if (/(?:^|[/\\])\.{1,2}(?:[/\\?#]|$)/.test(uri)) return false
  return scheme !== 'file' || URL.parse(uri)?.href === uri
}
