import type { Directive } from './nginx-syntax.ts'

/** Blocks from the outermost to the innermost, whose directives hold unless a further one says otherwise. */
export type Chain = readonly (readonly Directive[])[]

/** The innermost directive of that name. */
export function nearest(chain: Chain, name: string): Directive | undefined {
  return allNearest(chain, name).at(-1)
}

/** All of that name at the innermost level that has any: outer ones are not added to them. */
export function allNearest(chain: Chain, name: string): readonly Directive[] {
  for (const block of chain.toReversed()) {
    const found = block.filter((one) => one.name === name)
    if (found.length > 0) return found
  }
  return []
}
