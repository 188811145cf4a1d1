import { CONFIG_KEYS } from '@sallyport/contract/config'
import { type Tree, treeOf } from './copy-source.ts'

const SHARED = ['mcpServers', '$schema', 'servers']

/**
 * The file in our own form: one that clients read as well (`.mcp.json`, VS Code's `mcp.json`) has none of our keys,
 * and other references.
 *
 * @param source what the file says
 * @param folder where the file is
 */
export function ownSource(source: Tree, folder: string): Tree {
  const isOwn = Object.keys(source).some((key) => !SHARED.includes(key) && isTop(key))
  if (isOwn) return source
  const servers = Object.entries(treeOf(source['mcpServers'] ?? source['servers'])).map(
    ([name, entry]): [string, unknown] => [name, ownServer(treeOf(entry), folder)],
  )
  return { mcpServers: Object.fromEntries(servers) }
}

function isTop(key: string): boolean {
  return CONFIG_KEYS.top.includes(key)
}

function ownServer(server: Tree, folder: string): Tree {
  const known = Object.entries(server).filter(([key]) => CONFIG_KEYS.server.includes(key))
  const transport = server['type'] === 'sse' ? { transport: 'sse' } : {}
  return { ...treeOf(ownTexts(Object.fromEntries(known), folder)), ...transport }
}

function ownTexts(value: unknown, folder: string): unknown {
  if (typeof value === 'string') {
    return value
      .replaceAll('${workspaceFolder}', folder)
      .replaceAll(/\$\{(?:env:)?(?=\w)/g, '${env:')
  }
  if (Array.isArray(value)) return value.map((item) => ownTexts(item, folder))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, ownTexts(item, folder)]),
  )
}
