/** Makes a server's name out of a foreign one: lower case, other characters become `-`, none at the ends. */
export function toServerName(foreign: string): string {
  const name = foreign
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '')
  return name === '' ? foreign : name
}
