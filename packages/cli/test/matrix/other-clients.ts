import { readFileSync } from 'node:fs'

const PACKAGE = new URL('../../../../test-clients/package.json', import.meta.url)

interface OtherClient {
  readonly package: string
  readonly title: string
  readonly calls: string
  readonly asked: string
}

const UNASKED =
  'no: it declares that it cannot be asked; the question is declined or refused at once'

/** What `clients-commands.test.ts` and `clients-questions.test.ts` prove of each. */
const OTHER_CLIENTS: readonly OtherClient[] = [
  {
    package: '@modelcontextprotocol/inspector',
    title: 'MCP Inspector, one command',
    calls: 'yes, in both eras',
    asked: UNASKED,
  },
  {
    package: '@modelcontextprotocol/inspector',
    title: '`mcpdo`',
    calls: 'yes, in both eras',
    asked: 'yes, in both eras',
  },
  { package: 'mcporter', title: 'mcporter', calls: 'yes', asked: UNASKED },
  {
    package: 'mcp-remote',
    title: 'mcp-remote',
    calls: 'yes',
    asked: 'yes, by the client behind it',
  },
  {
    package: '@ai-sdk/mcp',
    title: 'AI SDK',
    calls: 'yes',
    asked: 'yes, forms, where the application has a handler',
  },
]

/** The section on clients of other makers, at the versions that the tests run. */
export function otherClientsSection(): string {
  const { dependencies } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as {
    dependencies: Record<string, string>
  } // ours
  const rows = OTHER_CLIENTS.map(
    ({ package: name, title, calls, asked }) =>
      `| ${title} | \`${name}\` ${dependencies[name]} | ${calls} | ${asked} |`,
  )
  return `## Clients of other makers

<!-- claim: wire/client/inspector, wire/client/mcporter, wire/client/mcp-remote, wire/client/ai-sdk, compatibility/question -->

| Client | Version | Lists and calls | Can be asked |
|---|---|---|---|
${rows.join('\n')}
`
}
