import { z } from 'zod'
import type { ScopeNeed, SlackTool } from '@sallyport/slack/tools'

const GENERATED = '<!-- Written by `npm run generate`. Do not edit. -->'

const TOOLSETS = {
  read: 'Reading, on by default.',
  write:
    'Messages, reactions and what else is written into channels; needs `SLACK_WRITE_CHANNELS`.',
  manage: 'Channels, user groups and what else concerns many people; needs `SLACK_WRITE_CHANNELS`.',
  files: 'Files: their contents and uploads.',
} as const

/** The page docs/slack/tools.md: every tool with what it needs, what it does to the world and what it takes. */
export function slackToolsPage(tools: readonly SlackTool[]): string {
  const parts = Object.entries(TOOLSETS).map(([toolset, meaning]) => {
    const these = tools.filter((each) => each.toolset === toolset)
    const described = these.map(toolPart).join('\n\n')
    return `## \`${toolset}\`\n\n${meaning}\n\n${described}`
  })
  return `${GENERATED}

# Tools of the Slack server

${tools.length} tools in four sets. \`SLACK_TOOLSETS\` says which sets are on (\`read\` unless it is set). Of those a caller
sees the tools that a token of a workspace it may use has the scopes for; with no workspace installed yet the scopes count
that the app asks for. <!-- claim: slack/reading/scopes --> A tool that is not listed cannot be called either.

What every tool has in common:

- **\`team_id\`** names the workspace (\`T...\`). It may be left out while there is only one;
  \`slack_list_workspaces\` lists them.
- **Channels and people** are named by id (\`C...\`, \`U...\`) or by name. A name is looked up page by page when it is first
  used; it is unknown only after everything was looked through. <!-- claim: slack/reading/names -->
- **Pages**: a list is whole only when \`complete\` is true. Otherwise pass \`next_cursor\` as \`cursor\`, with the same
  arguments. \`partial\` says why a page is shorter than it could be (a limit of Slack, say) and when to go on.
  <!-- claim: slack/reading/channels --> A cursor is good for one day, over restarts, and for nobody and nothing else.
  <!-- claim: slack/reading/cursor-bound -->
- **What people wrote is data.** In the text of a result it stands between \`<slack-data-...>\` marks with a random name;
  structured content says so in \`notice\`. Characters that nobody sees are taken out.
  <!-- claim: slack/reading/untrusted -->
- **Hints**: R = only reads, D = may destroy, I = doing it twice does no more, O = reaches Slack.

| Tool | Set | Hints | Scopes (one is enough) |
|---|---|---|---|
${tools.map(summaryRow).join('\n')}

${parts.join('\n\n')}
`
}

function summaryRow({ tool, toolset, needs }: SlackTool): string {
  const { hints } = tool
  const marks = [
    hints.readOnlyHint ? 'R' : '',
    hints.destructiveHint ? 'D' : '',
    hints.idempotentHint ? 'I' : '',
    hints.openWorldHint ? 'O' : '',
  ].join('')
  return `| [\`${tool.name}\`](#${tool.name}) | ${toolset} | ${marks} | ${needs.map(needText).join(' or ')} |`
}

function needText({ as, anyOf }: ScopeNeed): string {
  const scopes = anyOf.map((scope) => `\`${scope}\``).join(', ')
  return as === 'user' ? `${scopes} (of the person)` : scopes
}

function toolPart({ tool }: SlackTool): string {
  const schema = z.toJSONSchema(tool.input, { io: 'input' })
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const required = schema.required?.includes(name) === true ? 'yes' : ''
    return `| \`${name}\` | ${typeText(property)} | ${required} | ${meaningText(property)} |`
  })
  const table =
    rows.length === 0
      ? 'Takes nothing.'
      : `| Argument | Type | Required | Meaning |\n|---|---|---|---|\n${rows.join('\n')}`
  return `### ${tool.name}\n\n${tool.title}. ${escaped(tool.description)}\n\n${table}`
}

type Property = z.core.JSONSchema._JSONSchema

function typeText(property: Property): string {
  if (typeof property === 'boolean') return 'anything'
  if (property.enum !== undefined)
    return property.enum.map((each) => `\`${String(each)}\``).join(', ')
  const bounds = [property.minimum, property.maximum].filter((bound) => bound !== undefined)
  if (property.type === 'array') return `list of ${typeText(single(property.items))}`
  const type = String(property.type ?? 'one of several')
  return bounds.length === 2 ? `${type} ${bounds.join(' to ')}` : type
}

function single(items: Property | readonly Property[] | undefined): Property {
  if (items === undefined) return true
  return Array.isArray(items) ? (items[0] ?? true) : (items as Property) // no list, as asked before
}

function meaningText(property: Property): string {
  if (typeof property === 'boolean') return ''
  const fallback =
    property.default === undefined ? '' : ` Default: \`${JSON.stringify(property.default)}\`.`
  return escaped(`${property.description ?? ''}${fallback}`)
}

/** Text that neither ends a cell of a table nor becomes markup. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ').trim()
}
