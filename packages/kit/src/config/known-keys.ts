import { z } from 'zod'
import type { ConfigPath } from './problem.ts'

/** The part of JSON Schema that {@link knownKeys} walks. */
interface SchemaNode {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaNode>>
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly prefixItems?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
}

/** The keys a schema knows at each path, asked for only when something is wrong. */
export class KnownKeys {
  readonly #root: SchemaNode

  constructor(schema: z.ZodType) {
    // The JSON Schema types leave out nothing we read; ours names just those parts.
    this.#root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
  }

  at(path: ConfigPath): string[] {
    let nodes = this.#expand([this.#root])
    for (const part of path) nodes = this.#expand(nodes.flatMap((node) => childSchemas(node, part)))
    return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))]
  }

  #expand(nodes: readonly SchemaNode[]): SchemaNode[] {
    return nodes.flatMap((node) => {
      const name = node.$ref?.replace('#/$defs/', '')
      const target = node.$ref === '#' ? this.#root : this.#root.$defs?.[name ?? '']
      const parts = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]
      return [node, ...this.#expand(target === undefined ? parts : [target, ...parts])]
    })
  }
}

function childSchemas(node: SchemaNode, part: string | number): SchemaNode[] {
  if (typeof part === 'number') {
    const item = node.prefixItems?.[part] ?? node.items
    return item === undefined ? [] : [item]
  }
  const property = node.properties?.[part]
  if (property !== undefined) return [property]
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []
}
