import { isDefault } from '../../looks/credential-shapes.ts'

const SHORTEST = 8

/** Whether a password is one that everybody knows, that says what it belongs to, or that is guessed in no time. */
export function isDefaultPassword(password: string, url: string): boolean {
  if (password.length < SHORTEST || isDefault(password)) return true
  if (!URL.canParse(url)) return false
  const lower = password.toLowerCase()
  const { username, pathname, hostname } = new URL(url)
  return [username, pathname.slice(1), hostname].some((part) => part.toLowerCase() === lower)
}
