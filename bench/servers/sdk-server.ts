import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { payloadText, SIZES, toolOf } from '../wire/payload.ts'
import type { Size } from '../wire/payload.ts'

// Made once: a schema made per request costs the SDK a conversion per request.
const inputSchema = z.object({ text: z.string().optional() })
const texts = (Object.keys(SIZES) as Size[]) // the keys of a constant of this very type
  .map((size) => ({ name: toolOf(size), bytes: SIZES[size], text: payloadText(size) }))

/** The echo server as an author would write it with the official SDK. */
export function createEchoServer(): McpServer {
  const server = new McpServer({ name: 'bench-echo', version: '1.0.0' })
  for (const { name, bytes, text } of texts) {
    server.registerTool(
      name,
      { description: `Answers with a text of ${bytes} bytes.`, inputSchema },
      () => ({ content: [{ type: 'text', text }] }),
    )
  }
  return server
}
