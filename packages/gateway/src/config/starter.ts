/** The file of a first run, for `./sallyport.yaml`: works as it is, and shows what to write next. */
export function starterConfig(): string {
  return STARTER
}

const STARTER = `# Sallyport: one address for your MCP servers. Reference: docs/config.md
# Check it with "sallyport validate", run it with "sallyport up".
version: 1

# Where MCP clients connect. Keys are made with "sallyport keys create NAME".
listen: 127.0.0.1:9100
# Admin API and metrics.
admin: 127.0.0.1:9101

# Keys, tool catalogues and the audit log.
store: sqlite:./data/sallyport.db

# Your servers: the same form as in your client's file. Remove the "#" of one to start.
mcpServers: {}
#  files:
#    command: npx
#    args: [-y, "@modelcontextprotocol/server-filesystem", "./shared"]
#  search:
#    url: https://search.example.com/mcp
#    headers: { Authorization: "Bearer \${env:SEARCH_TOKEN}" }
`
