import { EXCEPTIONS, exceptionOf } from './exceptions.ts'
import { otherClientsSection } from './other-clients.ts'
import { CLIENTS, FEATURES } from './run.ts'
import { KINDS } from './servers.ts'

/** What was measured: `yes`, or what the exception is. By client, server and feature. */
export type Measured = ReadonlyMap<string, boolean>

export function cellKey(client: string, server: string, feature: string): string {
  return `${client} ${server} ${feature}`
}

const HEAD = `<!-- Written by packages/cli/test/matrix (MATRIX_WRITE=1). Do not edit. -->

# Compatibility

What a client gets of a server behind one gateway, at the merged address \`/mcp\` unless a row says otherwise. <!-- claim: compatibility/matrix -->

Columns are servers, by the SDK and transport they are built on. A cell speaks for three clients of the
official SDKs, in this order:

CLIENTS

\`yes\` alone holds for all three. Every cell was measured by the test that wrote this page, which fails
when one changes.
`

const NOTES = `## Worth knowing

On standard streams and HTTP+SSE a server's question does not say which call it belongs to. It is put to the
client whose calls are in flight there; while two clients that share a key are busy at one server, nobody can
be asked. Give each client a key of its own.
`

/** The page `docs/compatibility.md`. */
export function compatibilityPage(measured: Measured): string {
  const clients = CLIENTS.map(({ title }, index) => `${index + 1}. ${title}`).join('\n')
  const header = row(['Feature', ...KINDS.map(({ title }) => title)])
  const rule = `|${'---|'.repeat(KINDS.length + 1)}`
  const rows = FEATURES.map(({ id, title }) =>
    row([title, ...KINDS.map(({ name }) => cell(measured, name, id))]),
  )
  const notes = EXCEPTIONS.map(({ reason }, index) => `${index + 1}. ${reason}`)
  const table = [header, rule, ...rows].join('\n')
  return `${HEAD.replace('CLIENTS', clients)}\n${table}\n\n## Why not\n\n${notes.join('\n')}\n\n${NOTES}\n${otherClientsSection()}`
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function cell(measured: Measured, server: string, feature: string): string {
  const words = CLIENTS.map(({ name }) => {
    if (measured.get(cellKey(name, server, feature)) === true) return 'yes'
    const exception = exceptionOf(feature, name, server)
    return exception ? `no (${EXCEPTIONS.indexOf(exception) + 1})` : 'fails'
  })
  return words.every((word) => word === words[0]) ? String(words[0]) : words.join(' / ')
}
