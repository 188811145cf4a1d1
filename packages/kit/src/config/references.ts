import { join, resolve } from 'node:path'
import type { CommandOutputs } from './command-outputs.ts'
import type { Environment } from './environment.ts'
import type { ConfigPath } from './problem.ts'
import { readFileText } from './read-file.ts'
import type { MapEntry, ScalarNode, SourceNode } from './source-tree.ts'

const FILE_BYTES_MAX = 65_536
const SECRETS_FOLDER = '/run/secrets'

/** What stands between `${` and `}`, understood. */
export type Reference =
  | { readonly kind: 'env'; readonly name: string; readonly fallback: string | undefined }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'text'; readonly text: string }

/** Understands one reference; `undefined` = not a reference of this dialect. */
export type ReferenceDialect = (expression: string) => Reference | undefined

const ENV = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/
const FILE = /^file:([\s\S]+)$/
const SECRET = /^secret:([A-Za-z0-9_-][A-Za-z0-9_.-]{0,127})$/
const COMMAND = /^command:([\s\S]+)$/

/**
 * `${env:X}`, `${env:X:-default}` (also for an empty X), `${file:/path}`, `${secret:name}` and
 * `${command:program arguments}`.
 */
export function ownReference(expression: string): Reference | undefined {
  const [, name, fallback] = ENV.exec(expression) ?? []
  if (name !== undefined) return { kind: 'env', name, fallback }
  const [, path] = FILE.exec(expression) ?? []
  if (path !== undefined) return { kind: 'file', path }
  const [, secret] = SECRET.exec(expression) ?? []
  if (secret !== undefined) return { kind: 'secret', name: secret }
  const [, command] = COMMAND.exec(expression) ?? []
  return command === undefined ? undefined : { kind: 'command', command }
}

export interface ReferenceContext {
  readonly dialect: ReferenceDialect
  readonly env: Environment
  /** Relative paths of `${file:}` start here. */
  readonly folder: string
  /** What the commands printed; asking for one that was not run yet is told to `onCommand`. */
  readonly commands?: CommandOutputs | undefined
  readonly onCommand?: (command: string) => void
  /** `path` is where the node stands now; `node.path` where its author wrote it. */
  report(node: SourceNode, path: ConfigPath, fault: { message: string; remedy: string }): void
}

/** Resolves the references in every text of the tree, once: what they bring in is not looked at again. */
export function resolveReferences(
  node: SourceNode,
  context: ReferenceContext,
  path: ConfigPath = [],
): SourceNode {
  switch (node.kind) {
    case 'scalar':
      return resolveScalar(node, context, path)
    case 'list': {
      const items = node.items.map((item, at) => resolveReferences(item, context, [...path, at]))
      return { ...node, items }
    }
    case 'map': {
      const entries = new Map<string, MapEntry>()
      for (const [key, entry] of node.entries) {
        const resolved = resolveReferences(entry.node, context, [...path, key])
        entries.set(key, { ...entry, node: resolved })
      }
      return { ...node, entries }
    }
  }
}

const PATTERN = /\$\$\{|\$\{([^}]*)(\}?)/g

function resolveScalar(node: ScalarNode, context: ReferenceContext, path: ConfigPath): ScalarNode {
  if (typeof node.value !== 'string' || !node.value.includes('${')) return node
  const value = node.value.replace(PATTERN, (_whole, expression?: string, close?: string) => {
    if (expression === undefined) return '${'
    const found = close === '' ? unclosed : resolveOne(expression, context)
    if ('text' in found) return found.text
    context.report(node, path, found)
    return ''
  })
  return { ...node, value, referenced: true }
}

interface Fault {
  readonly message: string
  readonly remedy: string
}

const unclosed: Fault = {
  message: 'a `${` is never closed',
  remedy: 'add `}`, or write `$${` for the characters',
}

function resolveOne(expression: string, context: ReferenceContext): { text: string } | Fault {
  const reference = context.dialect(expression)
  switch (reference?.kind) {
    case undefined:
      return unknownReference(expression)
    case 'text':
      return reference
    case 'file':
      return resolveFile(reference.path, context.folder)
    case 'secret':
      return resolveSecret(reference.name, context.env)
    case 'command':
      return resolveCommand(reference.command, context)
    case 'env':
      return resolveVariable(reference.name, reference.fallback, context.env)
  }
}

function unknownReference(expression: string): Fault {
  const remedy = /^[A-Za-z_][A-Za-z0-9_]*$/.test(expression)
    ? `write \`\${env:${expression}}\` for the variable, or \`$\${\` for the characters`
    : 'write `${env:NAME}`, `${env:NAME:-default}`, `${file:/path}`, `${secret:name}` or `${command:program}`, or `$${` for the characters'
  return { message: `unknown reference \`\${${expression.slice(0, 80)}}\``, remedy }
}

function resolveVariable(
  name: string,
  fallback: string | undefined,
  env: Environment,
): { text: string } | Fault {
  const value = env[name]
  if (value !== undefined && value !== '') return { text: value }
  if (fallback !== undefined) return { text: fallback }
  return {
    message: `the environment variable ${name} ${value === '' ? 'is empty' : 'is not set'}`,
    remedy: `set ${name} in the environment or in the .env beside the file`,
  }
}

function resolveFile(path: string, folder: string): { text: string } | Fault {
  return readValue(resolve(folder, path), `file:${path}`)
}

/**
 * A secret that the platform laid down for this process: as a systemd credential, else where Docker, Swarm
 * and Compose put it.
 *
 * Source: systemd.exec(5), `LoadCredential=`; Docker documentation, "Manage sensitive data with Docker secrets".
 */
function resolveSecret(name: string, env: Environment): { text: string } | Fault {
  return readValue(join(env['CREDENTIALS_DIRECTORY'] || SECRETS_FOLDER, name), `secret:${name}`)
}

function readValue(path: string, reference: string): { text: string } | Fault {
  const reading = readFileText(path, FILE_BYTES_MAX)
  if (!('text' in reading)) {
    return { message: `\${${reference}}: ${reading.message}`, remedy: reading.remedy }
  }
  const text = reading.text.replace(/\r?\n$/, '')
  if (text !== '') return { text }
  return { message: `\${${reference}}: the file is empty`, remedy: 'write the value to it' }
}

function resolveCommand(command: string, context: ReferenceContext): { text: string } | Fault {
  const output = context.commands?.get(command)
  if (output !== undefined) return output
  context.onCommand?.(command)
  return {
    message: 'a command cannot be used here',
    remedy: 'use `${env:NAME}` or `${file:/path}`',
  }
}
