import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import type { Context } from '../context.ts'

/** Where a key may come from. Never an argument: other users of the machine read those. */
export interface CredentialOptions {
  readonly keyFile?: string
  readonly keyStdin?: boolean
}

/**
 * The key given by `--key-stdin`, `--key-file` or `SALLYPORT_KEY`, in this order; undefined when none is.
 *
 * @throws {AppError} `usage` when the file cannot be read or what was given is empty or not one line
 */
export async function readCredential(
  context: Context,
  options: CredentialOptions,
): Promise<Secret | undefined> {
  const given = await readGivenKey(context, options)
  const value = context.environment['SALLYPORT_KEY']
  return given ?? (value ? oneLine(value, 'SALLYPORT_KEY') : undefined)
}

/** As `readCredential`, without the environment. */
export async function readGivenKey(
  context: Context,
  options: CredentialOptions,
): Promise<Secret | undefined> {
  if (options.keyStdin) return oneLine(await context.readStdin(), 'stdin')
  if (options.keyFile === undefined) return undefined
  return oneLine(await readKeyFile(resolve(context.cwd, options.keyFile)), options.keyFile)
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new AppError('usage', `the key file ${path} cannot be read (${code})`, { cause })
  }
}

function oneLine(text: string, from: string): Secret {
  const key = text.trim()
  if (/^[\x21-\x7e]+$/.test(key)) return new Secret(key)
  throw new AppError('usage', `${from} holds no key: one line of printable characters is expected`)
}
