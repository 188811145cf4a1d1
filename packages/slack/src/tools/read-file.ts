import { AppError } from '@sallyport/kit/errors'
import type { ToolBlock, ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { teamArgument } from './arguments.ts'
import { kindOfFile } from './file-content.ts'
import { fileLine, fileOutput, type SlackFile, toFile } from './file-output.ts'
import { FILE_NEEDS, fileArgument, infoReply } from './files.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { answerText, cleanText, NOTICE } from './untrusted.ts'

/** Characters of a text in one answer. */
const TEXT_MAX = 100_000

const input = z.strictObject({
  team_id: teamArgument,
  file_id: fileArgument,
  offset: z
    .int()
    .min(0)
    .max(16_000_000)
    .default(0)
    .meta({ description: 'For texts: characters to skip, next_offset of the answer before.' }),
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  file: fileOutput,
  content: z
    .enum(['text', 'image', 'binary'])
    .meta({ description: 'image and binary: the bytes are a block of this result.' }),
  text: z.string().optional().meta({ description: 'Untrusted: what the file says.' }),
  next_offset: z
    .number()
    .optional()
    .meta({ description: 'Present when the text goes on; pass it as offset.' }),
})
type Output = z.output<typeof output>

/** Reads one file: texts as text, images as images, others as bytes. */
export function readFile(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_read_file',
    title: 'Read a Slack file',
    description:
      'Reads one file from Slack: text files as text (in pages of 100,000 characters), PNG, JPEG, GIF and WebP as an image, anything else as bytes. Files over the size limit are refused.',
    toolset: 'files',
    needs: FILE_NEEDS,
    input,
    output,
    run,
  })
}

async function run(
  given: z.output<typeof input>,
  call: ReadCall,
  { fileBytesMax }: ReadServices,
): Promise<ToolOutcome<Output>> {
  const { file: found } = await call.ask('files.info', { file: given.file_id }, infoReply)
  const file = toFile(found)
  const bytes = await contentOf(found, call, fileBytesMax)
  const about = { notice: NOTICE, team_id: call.team, file }
  const head = `File ${file.id} of ${call.team}.`
  const mimeType = found.mimetype ?? 'application/octet-stream'
  const kind = kindOfFile(bytes, mimeType)
  if (kind.kind === 'text') return textAnswer(about, kind.text, given.offset)
  return {
    structured: { ...about, content: kind.kind },
    text: answerText(head, [fileLine(file)]),
    blocks: [blockOf(kind, file.id, mimeType, bytes)],
  }
}

/**
 * The bytes of a file that Slack keeps itself.
 *
 * @throws {AppError} `result_too_large`, `slack_refused` for one that Slack does not keep; as `SlackApi.download`
 */
export async function contentOf(
  file: SlackFile,
  call: ReadCall,
  bytesMax: number,
): Promise<Buffer> {
  const size = file.size ?? 0
  if (size > bytesMax) {
    throw new AppError(
      'result_too_large',
      `the file has ${size} bytes and at most ${bytesMax} are read: raise SLACK_FILE_BYTES, or open it in Slack`,
    )
  }
  const url = file.url_private_download ?? file.url_private
  const isKept = file.is_external !== true && file.mode !== 'external' && file.mode !== 'tombstone'
  if (!isKept || url === undefined || url === null || url === '') {
    throw new AppError(
      'slack_refused',
      'Slack does not keep the bytes of this file: it was deleted, or is only a link to another service',
    )
  }
  const asked = { bytesMax, signal: call.signal, ...(file.mimetype && { mimeType: file.mimetype }) }
  return (await call.workspace.api.download(url, asked)).bytes
}

function textAnswer(
  about: Pick<Output, 'notice' | 'team_id' | 'file'>,
  whole: string,
  offset: number,
): ToolOutcome<Output> {
  const text = cleanText(whole)
  const part = text.slice(offset, offset + TEXT_MAX)
  const next = offset + TEXT_MAX < text.length ? offset + TEXT_MAX : undefined
  const tail = next === undefined ? [] : [`The text goes on: pass offset ${next}.`]
  const head = `File ${about.file.id} of ${about.team_id}.`
  return {
    structured: {
      ...about,
      content: 'text',
      text: part,
      ...(next !== undefined && { next_offset: next }),
    },
    text: answerText(head, [fileLine(about.file), ...part.split('\n')], tail),
  }
}

function blockOf(
  kind: { readonly kind: 'image'; readonly mimeType: string } | { readonly kind: 'binary' },
  id: string,
  mimeType: string,
  bytes: Buffer,
): ToolBlock {
  const data = bytes.toString('base64')
  if (kind.kind === 'image') return { type: 'image', data, mimeType: kind.mimeType }
  return { type: 'resource', resource: { uri: `slack://files/${id}`, mimeType, blob: data } }
}
