const OPERATORS = new Set(['||', '&&', '|', ';', '>', '>>', '2>&1', '>/dev/null', '2>/dev/null'])
/** Ends in what always succeeds, whatever came before. */
const FORGIVING = /(?:\|\||;)\s*(?:exit\s+0|true|:|\/bin\/true|echo\b[^|;&]*)\s*$/
const ALWAYS = /^\s*(?:exit\s+0|true|:|\/bin\/true|echo\b[^|;&]*)\s*$/
const NEVER = /^\s*(?:exit\s+[1-9]\d*|false|\/bin\/false)\s*$/
const CURL = /(?:^|[\s;&|(/])curl\s/
const CURL_FAILS = /\s(?:-[a-zA-Z]*f[a-zA-Z]*|--fail|--fail-with-body)(?=\s|$)/

/**
 * Why a health check tells nothing: it can never fail, or never succeed. Undefined where it can do both.
 *
 * @param test as compose has it: `['CMD', ...]` or `['CMD-SHELL', text]`
 * Source: Compose specification, "healthcheck"; Dockerfile reference, HEALTHCHECK.
 */
export function uselessTest(test: readonly string[]): string | undefined {
  const [form, ...words] = test
  if (form === 'CMD-SHELL') return uselessShell(words.join(' '))
  if (form !== 'CMD') return 'begins with neither `CMD` nor `CMD-SHELL`: docker refuses it'
  if (words.length === 0) return 'names no command: it can never succeed'
  const operator = words.find((word) => OPERATORS.has(word))
  if (operator !== undefined) {
    return `passes \`${operator}\` on as an argument, as \`CMD\` runs no shell: use \`CMD-SHELL\``
  }
  const [command = ''] = words
  if (words.length === 1 && /\s/.test(command)) {
    return 'names a whole line as one command, which is no program: it can never succeed'
  }
  return uselessShell(isShell(words) ? (words[2] ?? '') : words.join(' '))
}

function isShell([command = '', option]: readonly string[]): boolean {
  return /(?:^|\/)(?:ba|da|a)?sh$/.test(command) && /^-[a-z]*c$/.test(option ?? '')
}

function uselessShell(text: string): string | undefined {
  if (text.trim() === '') return 'names no command: it can never succeed'
  if (ALWAYS.test(text) || FORGIVING.test(text)) return 'can never fail'
  if (NEVER.test(text)) return 'can never succeed'
  if (CURL.test(text) && !CURL_FAILS.test(text) && !/[|]\s*grep\b/.test(text)) {
    return 'takes every answer for a good one: `curl` has no `-f`'
  }
  return undefined
}
