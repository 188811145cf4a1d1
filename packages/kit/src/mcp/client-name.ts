import { printable } from '../log/index.ts'
import { META_CLIENT_INFO } from './envelope.ts'
import { paramText } from './json-text.ts'
import type { Message } from './message.ts'
import { metaMembers } from './scan.ts'

const NAME_CHARACTERS_MAX = 100

/** What a client calls itself; self-declared, for people. */
export interface ClientName {
  readonly name: string
  /** Empty where it named none. */
  readonly version: string
}

/** The name in a legacy client's `initialize`; undefined where it has none. */
export function clientOfInitialize(message: Message): ClientName | undefined {
  return toClientName(paramText(message, 'clientInfo'))
}

/** The name in the envelope of a modern client's request. */
export function clientOfEnvelope(message: Message): ClientName | undefined {
  const { bytes, meta } = message
  const member = metaMembers(message).find(({ key }) => key === META_CLIENT_INFO)
  if (member === undefined) return undefined
  return toClientName(
    bytes.toString('utf8', meta.start + member.valueStart, meta.start + member.end),
  )
}

function toClientName(text: string | undefined): ClientName | undefined {
  const given: unknown = JSON.parse(text ?? 'null')
  if (typeof given !== 'object' || given === null) return undefined
  const name = 'name' in given && typeof given.name === 'string' ? given.name : ''
  const version = 'version' in given && typeof given.version === 'string' ? given.version : ''
  if (name === '' && version === '') return undefined
  return {
    name: printable(name, NAME_CHARACTERS_MAX),
    version: printable(version, NAME_CHARACTERS_MAX),
  }
}
