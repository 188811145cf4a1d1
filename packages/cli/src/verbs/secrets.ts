import type { SecretsRotated } from '@sallyport/contract/admin'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { openSecrets } from '../open-secrets.ts'

interface Options extends ConfigOptions {
  readonly json?: boolean
  /** Of the Slack server's own store. */
  readonly slack?: boolean
}

/** `secrets rotate`: other keys for what is sealed, while everything runs. */
export async function rotateSecrets(context: Context, options: Options): Promise<number> {
  await using secrets = await openSecrets(context, options)
  const rotated = await secrets.rotate()
  const { terminal } = context
  if (options.json) terminal.print(JSON.stringify(rotated))
  else {
    terminal.print(describe(rotated))
    if (rotated.masterKey.next !== '') terminal.note(rotated.masterKey.next)
  }
  return EXIT.ok
}

function describe({ masterKey, dataKey, rows, tookMs }: SecretsRotated): string {
  const sum = (of: 'resealed' | 'unreadable'): number =>
    rows.reduce((total, row) => total + row[of], 0)
  const more = dataKey.keys > 2 ? ` or one of ${dataKey.keys - 2} more` : ''
  const lines = [
    masterKey.rotated ? 'the master key is a new one' : 'the master key is the same',
    `data are sealed with key ${dataKey.id}; ${dataKey.former}${more} opens what was sealed before`,
    `${sum('resealed')} rows sealed again in ${tookMs} ms`,
  ]
  if (dataKey.dropped.length > 0) lines.push(`dropped: ${dataKey.dropped.join(', ')}`)
  if (sum('unreadable') > 0) {
    lines.push(`${sum('unreadable')} rows were sealed with a key that is gone and stay as they are`)
  }
  return lines.join('\n')
}
