/** The end of a name decides; a harmless name that ends alike is the price of missing none. */
const SECRET_NAME =
  /(?:authorization|tokens?|keys?|secrets?|passwords?|passphrase|cookies?|credentials?)$/i

/** Whether what is called so is a secret: a key of a file, a flag of a command. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/**
 * The secret in an argument of a command, which is its end: `--token x` and `--token=x`, where the word before
 * tells what the next one is. Undefined where there is none.
 */
export function secretArgument(args: readonly unknown[], at: number): string | undefined {
  const arg = args[at]
  const before = args[at - 1]
  if (typeof arg !== 'string') return undefined
  const [, flag, value] = /^(--?[\w-]+)=([\s\S]*)$/.exec(arg) ?? []
  if (flag !== undefined && value !== undefined && isSecretName(flag)) return value
  const named = typeof before === 'string' && /^--?[\w-]+$/.test(before) && isSecretName(before)
  return named && !arg.startsWith('-') ? arg : undefined
}
