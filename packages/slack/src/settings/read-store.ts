import { join, resolve } from 'node:path'
import { isMasterKey } from '@sallyport/contract/config'
import { Secret } from '@sallyport/kit/secret'
import { store } from './fields.ts'
import type { SlackSettings } from './settings.ts'
import type { VariableReader } from './variable-reader.ts'

const KEYS_MAX = 2
const SCHEME = 'sqlite:'
const MAKE = 'make one with `openssl rand -hex 32`'

interface Folders {
  /** What a relative path starts at. */
  readonly cwd: string
  /** Where the store is when none is named. */
  readonly stateFolder: string
}

/** Where installations are kept, and the keys that seal them. Undefined where something was refused. */
export function readStore(
  reader: VariableReader,
  { cwd, stateFolder }: Folders,
): Pick<SlackSettings, 'store' | 'masterKeys'> | undefined {
  const given = reader.read('SALLYPORT_STORE', store)
  const masterKeys = readKeys(reader)
  if (given === undefined && reader.text('SALLYPORT_STORE') !== undefined) return undefined
  const location = given ?? `${SCHEME}${join(stateFolder, 'slack.db')}`
  if (location.startsWith(SCHEME)) {
    return { store: SCHEME + resolve(cwd, location.slice(SCHEME.length)), masterKeys }
  }
  if (reader.text('SALLYPORT_MASTER_KEY') === undefined) {
    const message = 'is not set, and a PostgreSQL store needs one'
    reader.refuse('SALLYPORT_MASTER_KEY', {
      message,
      remedy: `${MAKE}, and use the same for every process on the store`,
    })
  }
  return { store: location, masterKeys }
}

function readKeys(reader: VariableReader): SlackSettings['masterKeys'] {
  const name = 'SALLYPORT_MASTER_KEY'
  const texts = (reader.text(name) ?? '').split(',').map((text) => text.trim())
  if (texts.length === 1 && texts[0] === '') return undefined
  if (texts.length > KEYS_MAX || !texts.every(isMasterKey)) {
    const message =
      'is not 32 bytes as 64 hexadecimal digits or 44 base64 characters, or two such with a comma'
    reader.refuse(name, { message, remedy: MAKE })
    return undefined
  }
  const [current, ...others] = texts.map((text) => new Secret(text))
  return current && [current, ...others]
}
