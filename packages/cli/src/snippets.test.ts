import { expect, test } from 'vitest'
import { clientSnippets } from './snippets.ts'

const URL = 'http://127.0.0.1:9100/mcp'
const KEY = 'sp_abcdefgh_secret'

test('gives Claude Code one command, and Cursor and VS Code JSON with their own keys [command/snippets]', () => {
  const [claude, cursor, code] = clientSnippets(URL, KEY)
  expect(claude?.text).toBe(
    `claude mcp add --transport http sallyport ${URL} --header "Authorization: Bearer ${KEY}"`,
  )
  expect(JSON.parse(cursor?.text ?? '')).toEqual({
    mcpServers: { sallyport: { url: URL, headers: { Authorization: `Bearer ${KEY}` } } },
  })
  expect(JSON.parse(code?.text ?? '')).toMatchObject({
    inputs: [{ id: 'sallyport-key', password: true }],
    servers: {
      sallyport: {
        type: 'http',
        url: URL,
        headers: { Authorization: 'Bearer ${input:sallyport-key}' },
      },
    },
  })
})

test('keeps the key out of the VS Code file, which asks for it', () => {
  expect(clientSnippets(URL, KEY)[2]?.text).not.toContain(KEY)
})
