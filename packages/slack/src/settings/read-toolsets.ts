import { resolve } from 'node:path'
import { commaList, wholeNumber, word } from './fields.ts'
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

const KINDS_MAX = 100
const kinds = commaList({
  parse: (text) => /^\.?([a-z0-9]{1,16})$/.exec(text.toLowerCase())?.[1],
  expected: 'the end of a file name such as `png`',
  remedy: 'write them like `txt,md,png`, or unset it to upload nothing',
  max: KINDS_MAX,
})

const MIB = 1_048_576
const UPLOAD_BYTES = { min: 1, max: 10 * MIB, fallback: MIB, unit: 'bytes' }
const FILE_BYTES = { min: 1_024, max: 7 * MIB, fallback: 5 * MIB, unit: 'bytes' }

type Files = Pick<SlackSettings, 'uploads' | 'searchPrivate' | 'fileBytesMax'>

/** What is read and uploaded besides messages. Undefined where something was refused. */
export function readFileRules(reader: VariableReader, cwd: string): Files | undefined {
  const bytesMax = reader.read('SLACK_UPLOAD_BYTES', wholeNumber(UPLOAD_BYTES))
  const fileBytesMax = reader.read('SLACK_FILE_BYTES', wholeNumber(FILE_BYTES))
  const search = reader.read('SLACK_SEARCH', word(['public', 'all'], 'public'))
  const allowed = reader.read('SLACK_UPLOAD_KINDS', kinds) ?? []
  const folder = reader.text('SLACK_UPLOAD_FOLDER')
  if (bytesMax === undefined || fileBytesMax === undefined || search === undefined) {
    return undefined
  }
  const uploads = { bytesMax, kinds: allowed, folder: folder && resolve(cwd, folder) }
  return { uploads, fileBytesMax, searchPrivate: search === 'all' }
}

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
