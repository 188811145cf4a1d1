import type { SlackSettings, SlackToken } from './settings.ts'
import { commaList, webUrl } from './fields.ts'
import type { VariableReader } from './variable-reader.ts'

const KEYS = 'SALLYPORT_CALLERS'
const AUDIENCE = 'SALLYPORT_CALLERS_AUDIENCE'
/** Two, so that a gateway can go over from one to the other. */
const KEYS_MAX = 2
/** 32 bytes in base64url. Source: RFC 8037 §2. */
const KEY = /^[A-Za-z0-9_-]{43}$/
const TOKEN_NAME = 'gateway'

const callerKeys = commaList({
  parse: (text) => (KEY.test(text) ? text : undefined),
  expected: 'a public key of 43 characters',
  remedy: 'copy `x` from /.well-known/sallyport-callers.json of the gateway',
  max: KEYS_MAX,
})

/** Whether a gateway's word for who calls is believed, and whose. Undefined = nobody's. */
export function readCallers(
  reader: VariableReader,
  tokens: readonly SlackToken[],
): SlackSettings['callers'] {
  const keys = reader.text(KEYS) === undefined ? undefined : reader.read(KEYS, callerKeys)
  const audience = reader.text(AUDIENCE) === undefined ? undefined : reader.read(AUDIENCE, webUrl)
  for (const [name, other] of [
    [KEYS, AUDIENCE],
    [AUDIENCE, KEYS],
  ] as const) {
    if (reader.text(name) !== undefined || reader.text(other) === undefined) continue
    const remedy = 'set both: the key of the gateway, and the address that the gateway calls'
    reader.refuse(name, { message: `is not set, and ${other} is`, remedy })
  }
  if (keys === undefined || audience === undefined) return undefined
  if (!tokens.some(({ name }) => name === TOKEN_NAME)) {
    const remedy = 'write the token that the gateway sends as `gateway=token` in SALLYPORT_TOKEN'
    reader.refuse(KEYS, { message: `is set, and no token is named \`${TOKEN_NAME}\``, remedy })
    return undefined
  }
  return { keys, audience, token: TOKEN_NAME }
}
