import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { channelArgument, cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { textOfMarkup } from './file-content.ts'
import { fileLine, fileOutput, toFile } from './file-output.ts'
import { FILE_NEEDS, fileArgument, infoReply, pagedFiles } from './files.ts'
import { listText, pageOutput } from './page.ts'
import { contentOf } from './read-file.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { answerText, cleanText, NOTICE } from './untrusted.ts'

const TEXT_MAX = 100_000
const SECTIONS_MAX = 500

const listInput = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument.optional(),
  limit: limitArgument(50, 200),
  cursor: cursorArgument,
})
const listOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  canvases: z.array(fileOutput),
  ...pageOutput,
})

/** Lists canvases. */
export function listCanvases(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_canvases',
    title: 'List Slack canvases',
    description:
      'Lists canvases (documents) of a Slack workspace that the app can see, optionally of one channel.',
    needs: FILE_NEEDS,
    input: listInput,
    output: listOutput,
    run: async (given, call, { directories: { channels } }) => {
      const { channel_id: ref } = given
      const channel =
        ref === undefined
          ? undefined
          : (await channels.resolve(call.workspace, ref, call.signal)).id
      // Slack's own word for canvases, from before they were called so.
      const chosen = { types: 'spaces', ...(channel !== undefined && { channel }) }
      const { items, end } = await pagedFiles(call, given, [channel], chosen)
      const canvases = items.map(toFile)
      const structured = { notice: NOTICE, team_id: call.team, canvases, ...end }
      const what = `${canvases.length} canvases of ${call.team}`
      return { structured, text: listText(what, canvases.map(fileLine), end) }
    },
  })
}

const readInput = z.strictObject({
  team_id: teamArgument,
  canvas_id: fileArgument.meta({ description: 'Canvas id (F...).' }),
})
const readOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  canvas: fileOutput,
  text: z.string().meta({ description: 'Untrusted: what the canvas says, a line per block.' }),
  text_cut: z.boolean().optional().meta({ description: 'True when the text goes on.' }),
})

/** Reads what a canvas says. */
export function readCanvas(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_read_canvas',
    title: 'Read a Slack canvas',
    description: 'Reads what a canvas (document) on Slack says, as plain text.',
    needs: FILE_NEEDS,
    input: readInput,
    output: readOutput,
    run: read,
  })
}

async function read(
  given: z.output<typeof readInput>,
  call: ReadCall,
  { fileBytesMax }: ReadServices,
): Promise<ToolOutcome<z.output<typeof readOutput>>> {
  const { file } = await call.ask('files.info', { file: given.canvas_id }, infoReply)
  // Slack calls a canvas `application/vnd.slack-docs` and hands out a page.
  const bytes = await contentOf({ ...file, mimetype: 'text/html' }, call, fileBytesMax)
  const content = bytes.toString('utf8')
  const whole = cleanText(/<[a-z!/]/i.test(content) ? textOfMarkup(content) : content)
  const text = whole.slice(0, TEXT_MAX)
  const canvas = toFile(file)
  const isCut = whole.length > TEXT_MAX
  const lines = [fileLine(canvas), ...text.split('\n')]
  return {
    structured: {
      ...{ notice: NOTICE, team_id: call.team, canvas, text },
      ...(isCut && { text_cut: true }),
    },
    text: answerText(
      `Canvas ${canvas.id} of ${call.team}.`,
      lines,
      isCut ? ['The text goes on.'] : [],
    ),
  }
}

const sectionsInput = z.strictObject({
  team_id: teamArgument,
  canvas_id: fileArgument.meta({ description: 'Canvas id (F...).' }),
  contains: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Only sections that contain this text. Absent: all headings.' }),
})
const sectionsOutput = z.strictObject({
  team_id: z.string(),
  canvas_id: z.string(),
  section_ids: z.array(z.string()).meta({ description: 'For editing one section of the canvas.' }),
})
const sectionsReply = z.object({ sections: z.array(z.object({ id: z.string() })).default([]) })

/** Finds sections of a canvas. */
export function findCanvasSections(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_find_canvas_sections',
    title: 'Find sections of a Slack canvas',
    description:
      'Finds ids of sections of a canvas on Slack by the text they contain, for editing them.',
    needs: [{ as: 'bot', anyOf: ['canvases:read'] }],
    input: sectionsInput,
    output: sectionsOutput,
    run: async ({ canvas_id: id, contains }, call) => {
      const criteria =
        contains === undefined ? { section_types: ['any_header'] } : { contains_text: contains }
      const args = { canvas_id: id, criteria: JSON.stringify(criteria) }
      const { sections } = await call.ask('canvases.sections.lookup', args, sectionsReply)
      const ids = sections.slice(0, SECTIONS_MAX).map((section) => section.id)
      const structured = { team_id: call.team, canvas_id: id, section_ids: ids }
      return { structured, text: answerText(`${ids.length} sections of ${id}.`, ids) }
    },
  })
}
