import { dirname, join } from 'node:path'
import { pathText, readYaml, type ConfigPath, type SourceNode } from '@sallyport/kit/config'
import { fact } from '../deployment.ts'
import { shownPath } from './files.ts'
import { readSmall } from './read-small.ts'

/** Says where a path of the configuration stands: `auth.tokens[0] (sallyport.yaml:12)`. */
export type PlaceOf = (path: ConfigPath) => string

/** Where the keys of the configuration and of its overlay were written. */
export const configPlaces = fact(async (deployment): Promise<PlaceOf> => {
  const { file, environment } = deployment
  const overlay = join(dirname(file), `sallyport.${environment}.yaml`)
  const roots: SourceNode[] = []
  for (const path of file === 'environment' ? [] : [overlay, file]) {
    const reading = await readSmall(path)
    if ('fault' in reading) continue
    const { root } = readYaml(reading.text, shownPath(deployment, path))
    if (root !== undefined) roots.push(root)
  }
  return (path) => {
    for (const root of roots) {
      const place = lineOf(root, path)
      if (place !== undefined) return `${pathText(path)} (${place})`
    }
    return pathText(path)
  }
})

function lineOf(root: SourceNode, path: ConfigPath): string | undefined {
  let node = root
  let { place } = root
  for (const part of path) {
    const next = childOf(node, part)
    if (next === undefined) return undefined
    node = next.node
    place = next.place
  }
  return `${place.file}:${place.line}`
}

function childOf(
  node: SourceNode,
  part: string | number,
): { node: SourceNode; place: SourceNode['place'] } | undefined {
  if (node.kind === 'map') {
    const entry = node.entries.get(String(part))
    return entry && { node: entry.node, place: entry.keyPlace }
  }
  const item = node.kind === 'list' ? node.items[Number(part)] : undefined
  return item && { node: item, place: item.place }
}

/** One text of a configuration. */
export interface SourceText {
  readonly path: ConfigPath
  readonly text: string
}

const DEPTH_MAX = 64

/** Every text within what was read, with its path. */
export function sourceTexts(value: unknown, path: ConfigPath = []): SourceText[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null || path.length > DEPTH_MAX) return []
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, at) => sourceTexts(item, [...path, at]))
  }
  return Object.entries(value).flatMap(([key, inner]) => sourceTexts(inner, [...path, key]))
}

/** A reference within a configuration: `${env:X}`, `${X:-default}`, `${file:path}`. */
export interface SourceReference extends SourceText {
  readonly kind: 'env' | 'file' | 'secret' | 'command'
  /** Name of the variable or secret, path of the file, or the command. */
  readonly target: string
  readonly fallback: string | undefined
  /** Whether the text is this reference and nothing else; `Bearer` before it does not count. */
  readonly whole: boolean
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g
const ENV = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/
const TYPED = /^(file|secret|command):([\s\S]+)$/

/** Every reference within what was read. */
export function sourceReferences(source: unknown): SourceReference[] {
  return sourceTexts(source).flatMap(({ path, text }) =>
    [...text.matchAll(REFERENCE)].flatMap(([all, inner]): SourceReference[] => {
      if (inner === undefined) return []
      const whole = text.replace(/^bearer\s+/i, '') === all
      const [, kind, target] = TYPED.exec(inner) ?? []
      if ((kind === 'file' || kind === 'secret' || kind === 'command') && target !== undefined) {
        return [{ path, text, kind, target, fallback: undefined, whole }]
      }
      const [, name, fallback] = ENV.exec(inner) ?? []
      return name === undefined ? [] : [{ path, text, kind: 'env', target: name, fallback, whole }]
    }),
  )
}

/** A name for what stands at a path: `auth.token`, `masterKey`, `Authorization`. */
export function pathName(path: ConfigPath): string {
  if (path[0] === 'auth' && path[1] === 'tokens') return 'auth.token'
  if (path[0] === 'auth' && path[1] === 'login') return 'auth.login_key'
  const words = path.filter((part) => typeof part === 'string')
  return words.at(-1) ?? ''
}
