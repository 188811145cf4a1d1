import { isSecretName } from './credential-shapes.ts'

/** The whole value is what a template says instead of one. */
const WHOLE =
  /^(?:todo|tbd|fixme|xxx+|example|placeholder|change[-_ ]?(?:me|this|it)|replace[-_ ]?(?:me|this|with.*)?|required|recommended|insert[-_ ].*|paste[-_ ].*|fill[-_ ]?(?:me|in).*|enter[-_ ].*|<.*>|\[.*(?:here|your|token|key|secret|password).*\]|\.{3,}|\*{3,}|-{3,}|\?{2,})$/i
/** Parts that no value in use has, where it is one word. */
const PART =
  /(?:^|[^a-z])your[-_](?=[a-z])|(?:^|[^a-z])your-?domain|change[-_]?me|replace[-_]?me|[-_]here$|(?:^|[^A-Za-z0-9])x{4,}(?:$|[^A-Za-z0-9])|<[A-Za-z][\w -]{2,}>|(?:^|[/@.])example\.(?:com|org|net)(?:$|[:/])/i
/** A command of a shell, which nothing runs in an environment file. */
const COMMAND = /^\$\(.*\)$|^`.*`$/s
/** What only a value that is a secret may not hold: `AKIA...EXAMPLE`. */
const IN_SECRET = /example|placeholder|dummy|sample|changeit|(?:^|[-_])your/i

/** Why a value is none yet, as the end of a sentence that begins with its name; undefined = it is one. */
export function placeholderIn(name: string, value: string): string | undefined {
  const text = value.trim()
  if (text === '') return undefined
  if (COMMAND.test(text)) return 'holds a command, which nothing runs there'
  const isWord = !/\s/.test(text)
  if (WHOLE.test(text) || (isWord && PART.test(text))) return 'still has a placeholder'
  if (isWord && isSecretName(name) && IN_SECRET.test(text)) return 'still has a placeholder'
  return undefined
}
