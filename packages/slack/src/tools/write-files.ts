import { z } from 'zod'
import { plainText } from '../guard/mentions.ts'
import { uploadContent } from '../guard/upload-content.ts'
import { ADDS, channelField, threadField } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'

const TICKET = z.object({ upload_url: z.string(), file_id: z.string() })
/** Base64 of the largest upload that a setting allows. */
const BASE64_MAX = 14_000_000

const uploadFile = defineWrite({
  name: 'slack_upload_file',
  title: 'Upload a file',
  description:
    'Shares a file in a channel: text, base64, or a file of the folder that this server may upload from. Kinds and sizes are limited. Say something about it with slack_post_message.',
  hints: ADDS,
  ...({ toolset: 'files', reach: 'channel', scopes: ['files:write'] } as const),
  input: {
    channel_id: channelField,
    thread_ts: threadField.optional(),
    file_name: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Such as report.md; of path by default'),
    title: z.string().min(1).max(200).optional().describe('What people read; file_name by default'),
    text: z.string().max(BASE64_MAX).optional().describe('The whole file, as text'),
    base64: z.string().max(BASE64_MAX).optional().describe('The whole file, as base64'),
    path: z.string().min(1).max(1_000).optional().describe('Relative to the folder for uploads'),
  },
  output: {
    channel_id: z.string(),
    file_id: z.string(),
    file_name: z.string(),
    bytes: z.int(),
  },
  write: async (given, writing, { uploads }) => {
    const { channel_id: place, thread_ts: thread, title, ...source } = given
    const { name, bytes } = await uploadContent(source, uploads)
    const channel = await writing.channel(place)
    // Neither of the first two shares anything.
    const ticket = { filename: name, length: bytes.length }
    const { upload_url: url, file_id: id } = await writing.read(
      'files.getUploadURLExternal',
      ticket,
      TICKET,
    )
    await writing.upload(url, bytes)
    const args = {
      files: [{ id, title: plainText(title ?? name) }],
      channel_id: channel,
      ...(thread === undefined ? {} : { thread_ts: thread }),
    }
    await writing.send('files.completeUploadExternal', args, z.object({}))
    return {
      structured: { channel_id: channel, file_id: id, file_name: name, bytes: bytes.length },
      text: `Uploaded ${name} (${bytes.length} bytes) to ${channel} as ${id}.`,
    }
  },
})

/** Sharing files; only where kinds of files for it are listed. */
export const FILE_TOOLS: readonly WriteEntry[] = [uploadFile]
