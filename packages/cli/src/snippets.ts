/** A client's name, where the text goes, and the text. */
export interface Snippet {
  readonly client: string
  readonly place: string
  readonly text: string
}

/**
 * Ready-to-paste set-ups for MCP clients. VS Code asks for the key itself and keeps it out of the file.
 *
 * @param url of the MCP endpoint
 * @param key the API key, or a placeholder where it must not be shown
 */
export function clientSnippets(url: string, key: string): Snippet[] {
  const cursor = { mcpServers: { sallyport: { url, headers: { Authorization: `Bearer ${key}` } } } }
  const code = {
    inputs: [
      {
        type: 'promptString',
        id: 'sallyport-key',
        description: 'Sallyport API key',
        password: true,
      },
    ],
    servers: {
      sallyport: { type: 'http', url, headers: { Authorization: 'Bearer ${input:sallyport-key}' } },
    },
  }
  return [
    {
      client: 'Claude Code',
      place: 'in a terminal',
      text: `claude mcp add --transport http sallyport ${url} --header "Authorization: Bearer ${key}"`,
    },
    { client: 'Cursor', place: '.cursor/mcp.json', text: JSON.stringify(cursor, null, 2) },
    { client: 'VS Code', place: '.vscode/mcp.json', text: JSON.stringify(code, null, 2) },
  ]
}
