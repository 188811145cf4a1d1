import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { parsedText, refuse, wrongKind } from './text.ts'
import { count } from './units.ts'

/** Where state is kept. The path of an embedded store is made absolute by the loader. */
export const store = parsedText({
  parse: parseStore,
  expected: '`sqlite:<path>` or `postgres://...`',
  remedy: 'write it like `sqlite:./data/sallyport.db`',
})
  .optional()
  .meta({
    description:
      'Where keys, catalogues and the audit log are kept: `sqlite:<path>` (relative to this file) or `postgres://user@host/database`. Without it, a folder of its own under `$XDG_STATE_HOME/sallyport/`.',
  })

/** Connections to PostgreSQL; an embedded store has none. */
export const postgres = z
  .strictObject({
    poolMin: count({
      min: 0,
      max: 100,
      fallback: 0,
      unit: 'connections',
      description: 'Connections to PostgreSQL kept open when idle.',
    }),
    poolMax: count({
      min: 1,
      max: 500,
      fallback: 10,
      unit: 'connections',
      description: 'Connections to PostgreSQL open at once.',
    }),
  })
  .superRefine(({ poolMin, poolMax }, context) => {
    if (poolMin <= poolMax) return
    refuse(context, 'must not be above `poolMax`', 'lower it or raise `poolMax`', ['poolMin'])
  })
  .prefault({})
  .meta({ description: 'Connection pool for a PostgreSQL store.' })

const masterKeyText = parsedText({
  parse: (text) => (isMasterKey(text) ? new Secret(text) : undefined),
  expected: '32 bytes as 64 hexadecimal digits or 44 base64 characters',
  remedy:
    'make one with `openssl rand -hex 32` and reference it, like `${file:/run/secrets/master}`',
})

/** One key, or two while rotating: the first seals, the second still opens. */
export const masterKey = z
  .union(
    [masterKeyText.transform((secret): Secret[] => [secret]), z.array(masterKeyText).min(1).max(2)],
    { error: wrongKind('one key as text, or a list of two') },
  )
  .optional()
  .meta({
    description:
      'The key that protects what is stored, 32 bytes; two values while rotating, the new one first. Also from the variable SALLYPORT_MASTER_KEY (two separated by a comma). With an embedded store one is made on the first start.',
    'x-kind': 'secret',
  })

/** Whether a text holds 32 bytes: 64 hexadecimal digits, or base64 or base64url with or without padding. */
export function isMasterKey(text: string): boolean {
  if (/^[0-9a-f]{64}$/i.test(text)) return true
  return /^(?:[A-Za-z0-9+/]{42}|[A-Za-z0-9_-]{42})[AEIMQUYcgkosw048]=?$/.test(text)
}

function parseStore(text: string): string | undefined {
  if (/^sqlite:(?!:memory:$)(?!\/\/)./.test(text) && !text.includes('\0')) return text
  return /^postgres(?:ql)?:\/\/./.test(text) ? text : undefined
}
