import { posix } from 'node:path'
import { parseDocument } from 'yaml'

/** A path that a configuration file names, as whoever reads the file sees it. */
export interface NamedPath {
  /** Absolute, or a pattern with `*`. */
  readonly path: string
  /** From 1. */
  readonly line: number
  /** `ssl_certificate_key`, `rule_files`. */
  readonly key: string
}

const NGINX =
  /^\s*(ssl_certificate|ssl_certificate_key|ssl_client_certificate|ssl_trusted_certificate|ssl_dhparam|ssl_password_file|auth_basic_user_file)\s+["']?([^"';]+)["']?\s*;/
const CADDY = /^\s*(tls)\s+(\/\S+)\s+(\/\S+)/
const YAML_FILE = /(?:_file|_files)$/

/** Files that an nginx configuration needs beside itself. Paths with variables are left out. */
export function nginxPaths(text: string, folder: string): NamedPath[] {
  return text.split('\n').flatMap((line, index): NamedPath[] => {
    const [, key = '', path = ''] = NGINX.exec(line) ?? []
    if (path === '' || path.includes('$') || path.includes(':')) return []
    return [{ path: posix.resolve(folder, path), line: index + 1, key }]
  })
}

/** Certificate and key of each `tls` with files in a Caddyfile. */
export function caddyPaths(text: string): NamedPath[] {
  return text.split('\n').flatMap((line, index): NamedPath[] => {
    const [, key, certificate, secret] = CADDY.exec(line) ?? []
    if (key === undefined) return []
    return [certificate, secret].flatMap((path) =>
      path === undefined ? [] : [{ path, line: index + 1, key }],
    )
  })
}

/** Values of keys that end in `_file` or `_files` of Prometheus, Alertmanager and others, and `${file:...}` of ours. */
export function yamlPaths(text: string, folder: string): NamedPath[] {
  const document = parseDocument(text, { logLevel: 'silent' })
  if (document.errors.length > 0) return []
  const references = text.split('\n').flatMap((line, index) =>
    [...line.matchAll(/\$\{file:([^}]+)\}/g)].map(([, path = '']) => ({
      path: posix.resolve(folder, path),
      line: index + 1,
      key: 'file',
    })),
  )
  return [...references, ...keyedPaths(text, folder)]
}

function keyedPaths(text: string, folder: string): NamedPath[] {
  return text.split('\n').flatMap((line, index, lines): NamedPath[] => {
    const [, indent = '', key = '', value = ''] =
      /^(\s*(?:- )?)([\w]+):\s*(.*?)\s*(?:#.*)?$/.exec(line) ?? []
    if (!YAML_FILE.test(key)) return []
    const texts = value === '' ? listBelow(lines, index, indent.length) : inLine(value)
    return texts
      .filter((path) => path !== '')
      .map((path) => ({ path: posix.resolve(folder, path), line: index + 1, key }))
  })
}

function inLine(value: string): string[] {
  const inner = value.startsWith('[') ? value.replace(/^\[|\]$/g, '').split(',') : [value]
  return inner.map(unquoted)
}

function listBelow(lines: readonly string[], index: number, indent: number): string[] {
  const found: string[] = []
  for (const line of lines.slice(index + 1)) {
    if (/^\s*(?:#.*)?$/.test(line)) continue
    const [, space = '', text] = /^(\s*)- (.*?)\s*(?:#.*)?$/.exec(line) ?? []
    if (text === undefined || space.length < indent) break
    found.push(unquoted(text))
  }
  return found
}

function unquoted(text: string): string {
  return text.trim().replaceAll(/^["']|["']$/g, '')
}
