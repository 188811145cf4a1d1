import { commaList } from './fields.ts'
import { type SlackSettings, TOOLSETS } from './settings.ts'
import type { VariableReader } from './variable-reader.ts'
import { parseWriteRule } from './write-rule.ts'

const LISTED = TOOLSETS.map((name) => `\`${name}\``).join(', ')

const toolsets = commaList({
  parse: (text) => TOOLSETS.find((known) => known === text.toLowerCase()),
  expected: `one of ${LISTED}`,
  remedy: 'write them like `read,write`, or unset it for `read`',
  max: TOOLSETS.length,
})

/** Which tools there are and where they may write. Undefined where something was refused. */
export function readToolsets(
  reader: VariableReader,
): Pick<SlackSettings, 'toolsets' | 'writes'> | undefined {
  const given = reader.read('SLACK_TOOLSETS', toolsets)
  const writes = parseWriteRule(reader.text('SLACK_WRITE_CHANNELS'))
  if ('fault' in writes) reader.refuse('SLACK_WRITE_CHANNELS', writes.fault)
  if ('fault' in writes) return undefined
  if (given === undefined && reader.text('SLACK_TOOLSETS') !== undefined) return undefined
  const names = new Set(given ?? ['read' as const])
  if (names.has('write') && writes.kind === 'none') {
    const message = 'is not set, so that the tools of `write` may write nowhere'
    const remedy = 'name the channels, such as `#bots`, or take `write` out of SLACK_TOOLSETS'
    reader.warn('SLACK_WRITE_CHANNELS', { message, remedy })
  }
  return { toolsets: names, writes }
}
