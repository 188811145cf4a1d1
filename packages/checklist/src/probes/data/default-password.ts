/** What installations and examples ship with, and what is tried first. */
const KNOWN = new Set([
  ...['postgres', 'postgresql', 'password', 'passwd', 'pass', 'admin', 'administrator', 'root'],
  ...['secret', 'test', 'example', 'changeme', 'change-me', 'change_me', 'default', 'redis'],
  ...['foobared', 'discord_bot_pass', 'sallyport', 'letmein', 'qwerty', 'welcome', 'docker'],
])
const SHORTEST = 8

/** Whether a password is one that everybody knows, that says what it belongs to, or that is guessed in no time. */
export function isDefaultPassword(password: string, url: string): boolean {
  const lower = password.toLowerCase()
  if (password.length < SHORTEST || KNOWN.has(lower) || /^(.)\1*$/.test(password)) return true
  if (/^(?:your|my|the)?[_-]?(?:strong|secure|db|database)?[_-]?pass(?:word)?[_-]?\d*$/.test(lower))
    return true
  if (!URL.canParse(url)) return false
  const { username, pathname, hostname } = new URL(url)
  return [username, pathname.slice(1), hostname].some((part) => part.toLowerCase() === lower)
}
