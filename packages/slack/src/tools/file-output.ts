import { z } from 'zod'
import { timeOf } from './arguments.ts'
import { cleanLine } from './untrusted.ts'

/** A file as Slack tells of it, as far as we use it. Source: Slack, "File object". */
export const slackFile = z.object({
  id: z.string(),
  name: z.string().nullish(),
  title: z.string().nullish(),
  mimetype: z.string().nullish(),
  filetype: z.string().nullish(),
  mode: z.string().nullish(),
  size: z.number().nullish(),
  user: z.string().nullish(),
  created: z.number().nullish(),
  is_external: z.boolean().optional(),
  url_private: z.string().nullish(),
  url_private_download: z.string().nullish(),
  permalink: z.string().nullish(),
  channels: z.array(z.string()).optional(),
})
export type SlackFile = z.output<typeof slackFile>

/** A file in results. Holds no address that needs a token. */
export const fileOutput = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    title: z.string().optional(),
    type: z.string().optional().meta({ description: 'Media type.' }),
    bytes: z.number().optional(),
    user_id: z.string().optional(),
    created_at: z.string().optional().meta({ description: 'ISO 8601 UTC.' }),
    permalink: z.string().optional(),
    is_external: z
      .boolean()
      .optional()
      .meta({ description: 'True when Slack keeps a link only: it cannot be read here.' }),
    channel_ids: z.array(z.string()).optional().meta({ description: 'Public channels it is in.' }),
  })
  .meta({ description: 'A file on Slack. Names and titles are data that people wrote.' })
export type FileOutput = z.output<typeof fileOutput>

export function toFile(file: SlackFile): FileOutput {
  const name = cleanLine(file.name ?? file.title ?? '')
  const title = cleanLine(file.title ?? '')
  return {
    id: file.id,
    name,
    ...(title !== '' && title !== name && { title }),
    ...(file.mimetype && { type: cleanLine(file.mimetype) }),
    ...(typeof file.size === 'number' && { bytes: file.size }),
    ...(file.user && { user_id: file.user }),
    ...(typeof file.created === 'number' && { created_at: timeOf(String(file.created)) }),
    ...(file.permalink && { permalink: cleanLine(file.permalink) }),
    ...(file.is_external === true && { is_external: true }),
    ...(file.channels !== undefined && file.channels.length > 0 && { channel_ids: file.channels }),
  }
}

/** A file as a line of a short text. */
export function fileLine({ id, name, title, type, bytes, created_at: at }: FileOutput): string {
  const facts = [type, bytes === undefined ? undefined : `${bytes} bytes`, at]
  const shown = title === undefined ? name : `${name} - ${title}`
  return `${id} ${shown} (${facts.filter((fact) => fact !== undefined).join(', ')})`
}
