import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import {
  channelArgument,
  cursorArgument,
  limitArgument,
  teamArgument,
  userArgument,
} from './arguments.ts'
import { fileLine, fileOutput, slackFile, type SlackFile, toFile } from './file-output.ts'
import { listText, pageOutput } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { everything, readList, readTool } from './read-tool.ts'
import type { ScopeNeed, SlackTool } from './slack-tool.ts'
import { answerText, NOTICE } from './untrusted.ts'

/** Slack pages files by number, so that all pages of a walk have one size. */
const PAGE = 100

/** What a token needs to read files. */
export const FILE_NEEDS: readonly ScopeNeed[] = [{ as: 'bot', anyOf: ['files:read'] }]

/** An argument that names a file. */
export const fileArgument = z
  .string()
  .regex(/^F[A-Z0-9]{5,20}$/, 'must be a file id such as F0123ABCD')
  .meta({ description: 'File id (F...).' })

const listInput = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument.optional(),
  user_id: userArgument.optional(),
  types: z
    .array(z.enum(['images', 'snippets', 'gdocs', 'zips', 'pdfs', 'spaces']))
    .min(1)
    .max(6)
    .optional()
    .meta({ description: 'Only files of these kinds, in the words of Slack.' }),
  limit: limitArgument(50, 200),
  cursor: cursorArgument,
})

const listOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  files: z.array(fileOutput),
  ...pageOutput,
})

const listReply = z.object({
  files: z.array(slackFile),
  paging: z.object({ pages: z.number().optional() }).optional(),
})

/** Lists files that were shared. */
export function listFiles(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_files',
    title: 'List Slack files',
    description:
      'Lists files that were shared in a Slack workspace where the app can see them, newest first, optionally of one channel or person. To read one use slack_read_file.',
    toolset: 'files',
    needs: FILE_NEEDS,
    input: listInput,
    output: listOutput,
    run: list,
  })
}

async function list(
  given: z.output<typeof listInput>,
  call: ReadCall,
  { directories: { channels, people } }: ReadServices,
): Promise<ToolOutcome<z.output<typeof listOutput>>> {
  const { workspace, signal } = call
  const { channel_id: channelRef, user_id: userRef } = given
  const channel =
    channelRef === undefined
      ? undefined
      : (await channels.resolve(workspace, channelRef, signal)).id
  const user = userRef === undefined ? undefined : await people.resolve(workspace, userRef, signal)
  const types = given.types?.join(',')
  const chosen = {
    ...(channel !== undefined && { channel }),
    ...(user !== undefined && { user }),
    ...(types !== undefined && { types }),
  }
  const { items, end } = await pagedFiles(call, given, [channel, user, types], chosen)
  const files = items.map(toFile)
  return {
    structured: { notice: NOTICE, team_id: call.team, files, ...end },
    text: listText(`${files.length} files of ${call.team}`, files.map(fileLine), end),
  }
}

/** One page of `files.list`. */
export function pagedFiles(
  call: ReadCall,
  given: { readonly cursor?: string | undefined; readonly limit: number },
  subject: readonly (string | undefined)[],
  chosen: Readonly<Record<string, unknown>>,
): ReturnType<typeof readList<SlackFile>> {
  return readList<SlackFile>(call, given, subject, {
    pageMax: PAGE,
    requestsMax: 3,
    keep: everything,
    load: async (cursor, count) => {
      const page = cursor === undefined ? 1 : Number(cursor)
      const { files, paging } = await call.ask('files.list', { ...chosen, count, page }, listReply)
      const isLast = page >= (paging?.pages ?? page)
      return { items: files, next: isLast ? undefined : String(page + 1) }
    },
  })
}

const infoInput = z.strictObject({ team_id: teamArgument, file_id: fileArgument })
const infoOutput = z.strictObject({ notice: z.string(), team_id: z.string(), file: fileOutput })

/** What `files.info` says. */
export const infoReply = z.object({ file: slackFile })

/** Describes one file without reading it. */
export function fileInfo(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_file_info',
    title: 'Describe a Slack file',
    description:
      'Describes one file on Slack (name, type, size, where it was shared) without reading it.',
    toolset: 'files',
    needs: FILE_NEEDS,
    input: infoInput,
    output: infoOutput,
    run: async ({ file_id: id }, call) => {
      const reply = await call.ask('files.info', { file: id }, infoReply)
      const file = toFile(reply.file)
      const text = answerText(`File ${id} of ${call.team}.`, [fileLine(file)])
      return { structured: { notice: NOTICE, team_id: call.team, file }, text }
    },
  })
}
