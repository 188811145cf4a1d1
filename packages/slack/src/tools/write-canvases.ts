import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { plainText } from '../guard/mentions.ts'
import { ADDS, channelField, REPLACES } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'

const CANVAS = { toolset: 'manage', scopes: ['canvases:write'] } as const
const MARKDOWN_MAX = 20_000
const NOTHING = z.object({})
const canvasField = z
  .string()
  .regex(/^F[A-Z0-9]{1,30}$/)
  .describe('Canvas, F...')
const markdownField = z
  .string()
  .min(1)
  .max(MARKDOWN_MAX)
  .describe(`Markdown, at most ${MARKDOWN_MAX} characters; pictures from elsewhere are refused`)

const createCanvas = defineWrite({
  name: 'slack_create_canvas',
  title: 'Create the canvas of a channel',
  description: 'Creates the canvas of a channel, which all of its members can read.',
  hints: ADDS,
  ...CANVAS,
  reach: 'channel',
  input: {
    channel_id: channelField,
    title: z.string().min(1).max(200).optional().describe('Of the canvas'),
    markdown: markdownField,
  },
  output: { channel_id: z.string(), canvas_id: z.string() },
  write: async ({ channel_id: given, title, markdown }, writing) => {
    const content = documentOf(markdown)
    const channel = await writing.channel(given)
    const args = { channel_id: channel, document_content: content }
    const { canvas_id: id } = await writing.send(
      'conversations.canvases.create',
      title === undefined ? args : { ...args, title: plainText(title) },
      z.object({ canvas_id: z.string() }),
    )
    return {
      structured: { channel_id: channel, canvas_id: id },
      text: `Created canvas ${id} in ${channel}.`,
    }
  },
})

const editCanvas = defineWrite({
  name: 'slack_edit_canvas',
  title: 'Change a canvas',
  description:
    'Adds to a canvas, or replaces all of it. A canvas may be shared in several channels, so this needs writes that no list of channels confines.',
  hints: { ...REPLACES, idempotentHint: false },
  ...CANVAS,
  reach: 'workspace',
  input: {
    canvas_id: canvasField,
    operation: z
      .enum(['insert_at_start', 'insert_at_end', 'replace'])
      .describe('Where the markdown goes; replace takes all else away'),
    markdown: markdownField,
  },
  output: { canvas_id: z.string(), operation: z.string() },
  write: async ({ canvas_id: id, operation, markdown }, writing) => {
    const changes = [{ operation, document_content: documentOf(markdown) }]
    await writing.send('canvases.edit', { canvas_id: id, changes }, NOTHING)
    return { structured: { canvas_id: id, operation }, text: `Changed canvas ${id}.` }
  },
})

const deleteCanvas = defineWrite({
  name: 'slack_delete_canvas',
  title: 'Delete a canvas',
  description: 'Deletes a canvas for everybody.',
  hints: REPLACES,
  ...CANVAS,
  reach: 'workspace',
  input: { canvas_id: canvasField },
  output: { canvas_id: z.string() },
  write: async ({ canvas_id: id }, writing) => {
    await writing.send('canvases.delete', { canvas_id: id }, NOTHING)
    return { structured: { canvas_id: id }, text: `Deleted canvas ${id}.` }
  },
})

/** Canvases. */
export const CANVAS_TOOLS: readonly WriteEntry[] = [createCanvas, editCanvas, deleteCanvas]

/** @throws {AppError} `request_invalid` */
function documentOf(given: string) {
  // As Slack gets it: what is taken out could have stood between `!` and `[`.
  const markdown = plainText(given)
  // In canvases people and channels are mentioned by `![](@U123)`; anything else in that form is fetched or embedded.
  if (/!\[(?!\]\((?:@[UW]|#C)[A-Z0-9]{1,30}\))/.test(markdown)) {
    throw new AppError(
      'request_invalid',
      'markdown must hold no pictures: they would be fetched from elsewhere',
      { outcome: 'not_sent' },
    )
  }
  return { type: 'markdown', markdown }
}
