import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { ComposeMount, ComposePort } from './service.ts'
import { isTrue, type Tree, textOf, under } from './tree.ts'

const EVERYWHERE = '0.0.0.0'

/** Published ports, short and long syntax. Source: Compose specification, "ports". */
export function toPorts(tree: Tree | undefined): ComposePort[] {
  const items = tree?.kind === 'list' ? tree.items : []
  return items.flatMap((item) => toPort(item) ?? [])
}

function toPort(item: Tree): ComposePort | undefined {
  const { at } = item
  const text = textOf(item)
  if (text !== undefined) return toShortPort(text, at)
  const target = textOf(under(item, 'target'))
  if (target === undefined) return undefined
  return {
    address: unbracketed(textOf(under(item, 'host_ip')) || EVERYWHERE),
    published: textOf(under(item, 'published')),
    target,
    protocol: textOf(under(item, 'protocol')) ?? 'tcp',
    at,
  }
}

function toShortPort(text: string, at: string): ComposePort {
  const [, address, published, target = '', protocol = 'tcp'] =
    /^(?:(\[[^\]]*\]|[^:[\]]*):)??(?:([^:]*):)?([^:/]+)(?:\/(\w+))?$/.exec(text) ?? []
  return {
    address: unbracketed(address || EVERYWHERE),
    published: published || undefined,
    target: target || text,
    protocol,
    at,
  }
}

function unbracketed(address: string): string {
  return address.replace(/^\[(.*)\]$/, '$1')
}

/** A mount, short and long syntax. Source: Compose specification, "volumes". */
export function toMount(item: Tree, folder: string): ComposeMount | undefined {
  const text = textOf(item)
  if (text !== undefined) return toShortMount(text, folder, item.at)
  const target = textOf(under(item, 'target'))
  if (target === undefined) return undefined
  const type = textOf(under(item, 'type')) ?? 'volume'
  const source = textOf(under(item, 'source'))
  return {
    type: type === 'volume' || type === 'bind' || type === 'tmpfs' ? type : 'other',
    source: type === 'bind' && source !== undefined ? toPath(source, folder) : source,
    target,
    readOnly: isTrue(under(item, 'read_only')),
    at: item.at,
  }
}

function toShortMount(text: string, folder: string, at: string): ComposeMount {
  const parts = text.split(':')
  if (parts.length === 1) {
    return { type: 'volume', source: undefined, target: text, readOnly: false, at }
  }
  const [source = '', target = '', options = ''] = parts
  const isPath = /^[./~]/.test(source)
  return {
    type: isPath ? 'bind' : 'volume',
    source: isPath ? toPath(source, folder) : source,
    target,
    readOnly: options.split(',').includes('ro'),
    at,
  }
}

function toPath(source: string, folder: string): string {
  return resolve(folder, source.replace(/^~(?=\/|$)/, homedir()))
}
