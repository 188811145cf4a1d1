import { basename, dirname } from 'node:path'
import { CONFIG_KEYS } from '@sallyport/contract/config'
import {
  suggest,
  type Adapted,
  type MapEntry,
  type MapNode,
  type Reference,
  type ReferenceDialect,
  type ReportAt,
} from '@sallyport/kit/config'
import { toServerName } from './server-name.ts'

/** Keys that clients have as well; the rest of ours, and those of later parts, mark a file as our own. */
const SHARED_KEYS = new Set(['mcpServers', '$schema'])
const OWN_KEYS = [
  ...CONFIG_KEYS.top.filter((key) => !SHARED_KEYS.has(key)),
  'groups',
  'endpoints',
  'policies',
]

/**
 * Reads a client's own file (`.mcp.json`, `claude_desktop_config.json`, VS Code's `mcp.json`): one with servers
 * and without any of our own keys at the top. A key that is nearly ours counts as ours, so that a misspelt key
 * does not turn our own file into a client's. Unknown keys are warnings here.
 *
 * @param file absolute path, for `${workspaceFolder}`
 */
export function adaptClientFile(
  file: string,
): (root: MapNode, report: ReportAt) => Adapted | undefined {
  return (root, report) => {
    const serversKey = ['mcpServers', 'servers'].find((key) => root.entries.has(key))
    const entry = root.entries.get(serversKey ?? '')
    if (entry === undefined || serversKey === undefined || hasOwnKey(root)) return undefined
    for (const [key, other] of root.entries) {
      if (key === serversKey || key === '$schema') continue
      warnUnknown(key, other, [], report)
    }
    const servers = entry.node.kind === 'map' ? adaptServers(entry.node, report) : entry.node
    const entries = new Map([['mcpServers', { ...entry, node: servers }]])
    return { root: { ...root, entries }, dialect: clientDialect(file) }
  }
}

function hasOwnKey(root: MapNode): boolean {
  const foreign = [...root.entries.keys()].filter(
    (key) => !SHARED_KEYS.has(key) && key !== 'servers',
  )
  return foreign.some((key) => suggest(key, OWN_KEYS) !== undefined)
}

function adaptServers(servers: MapNode, report: ReportAt): MapNode {
  const entries = new Map<string, MapEntry>()
  for (const [written, entry] of servers.entries) {
    const name = toServerName(written)
    const at = { place: entry.keyPlace, path: entry.node.path }
    if (entries.has(name)) {
      const message = `the name becomes \`${name}\`, which another server has already`
      report(at, message, { remedy: 'rename one of them' })
      continue
    }
    const { node } = entry
    entries.set(name, { ...entry, node: node.kind === 'map' ? adaptServer(node, report) : node })
  }
  return { ...servers, entries }
}

function adaptServer(server: MapNode, report: ReportAt): MapNode {
  const entries = new Map<string, MapEntry>()
  for (const [key, entry] of server.entries) {
    if (CONFIG_KEYS.server.includes(key)) entries.set(key, entry)
    else if (key === 'type' && isSse(entry)) entries.set('transport', entry)
    else if (key === 'type') judgeType(entry, report)
    else warnUnknown(key, entry, CONFIG_KEYS.server, report)
  }
  return { ...server, entries }
}

const TYPES: readonly unknown[] = ['stdio', 'http', 'streamable-http', 'streamableHttp']

/** Whether a server is a process or remote follows from `command` or `url`; `type` only repeats it. */
function judgeType({ node }: MapEntry, report: ReportAt): void {
  if (node.kind === 'scalar' && TYPES.includes(node.value)) return
  const message = 'this type of server is not known; `command` or `url` decides'
  report(node, message, { severity: 'warning', remedy: 'use `stdio`, `http` or `sse`' })
}

function isSse({ node }: MapEntry): boolean {
  return node.kind === 'scalar' && node.value === 'sse'
}

function warnUnknown(
  key: string,
  entry: MapEntry,
  known: readonly string[],
  report: ReportAt,
): void {
  const meant = suggest(key, known)
  const hint = meant === undefined ? '' : `, did you mean \`${meant}\`?`
  const at = { place: entry.keyPlace, path: entry.node.path }
  const remedy = meant === undefined ? 'it is ignored' : `rename it to \`${meant}\`; it is ignored`
  report(at, `unknown key \`${key}\`${hint}`, { severity: 'warning', remedy })
}

/** `${X}`, `${X:-default}`, `${env:X}` and `${workspaceFolder}`, as Claude Code and VS Code write them. */
function clientDialect(file: string): ReferenceDialect {
  const folder = dirname(file)
  const workspace = basename(folder) === '.vscode' ? dirname(folder) : folder
  return (expression): Reference | undefined => {
    if (expression === 'workspaceFolder') return { kind: 'text', text: workspace }
    const [, name, fallback] =
      /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/.exec(expression) ?? []
    return name === undefined ? undefined : { kind: 'env', name, fallback }
  }
}
