import { z } from 'zod'
import { gatewayConfig } from './gateway.ts'

/** A JSON Schema, as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What the configuration file may hold, after references are resolved. Source of docs/config.md. */
export function rawConfigJsonSchema(): JsonSchema {
  return z.toJSONSchema(gatewayConfig, { io: 'input', target: 'draft-2020-12' }) as JsonSchema // plain data
}

/**
 * What the configuration file may hold, for editors: as {@link rawConfigJsonSchema}, and every value may also
 * be written as a `${...}` reference.
 */
export function configJsonSchema(): JsonSchema {
  return withReferences(rawConfigJsonSchema()) as JsonSchema // an object in, an object out
}

const REFERENCE = '\\$\\{'
const KEPT = new Set(['properties', '$defs'])

function withReferences(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withReferences)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).flatMap(([key, value]): [string, unknown][] => {
    if (key.startsWith('x-') || key === 'format') return []
    if (key === 'default' || key === 'propertyNames' || key === 'enum') return [[key, value]]
    if (KEPT.has(key)) return [[key, mapValues(value)]]
    return [[key, withReferences(value)]]
  })
  return orReference(Object.fromEntries(entries))
}

function mapValues(value: unknown): unknown {
  const entries = Object.entries(value as JsonSchema) // `properties` and `$defs` are maps of schemas
  return Object.fromEntries(entries.map(([key, schema]) => [key, withReferences(schema)]))
}

/** Lets a scalar be a reference too. Plain text takes one as it is. */
function orReference(schema: JsonSchema): JsonSchema {
  const { description, default: fallback, ...rule } = schema
  const { type } = rule
  const scalar = ['string', 'integer', 'number', 'boolean'].includes(String(type))
  const free = type === 'string' && !('pattern' in rule) && !('enum' in rule)
  if (!scalar || free || 'const' in rule) return schema
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rule, { type: 'string', pattern: REFERENCE }],
  }
}
