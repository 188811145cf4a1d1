import { hash } from 'node:crypto'
import { slice } from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { Claim } from '@sallyport/kit/once'
import type { Call } from '../../call/call.ts'
import type { Target } from '../../routing/target.ts'

const NAME_CHARS_MAX = 256
const CONTROL = /\p{Cc}/gu
const NOTHING = Buffer.alloc(0)

/** A call of a tool. */
export type ToolCall = Call & { readonly target: Target }

/**
 * Describes the claim of a call. Whose key it is, and for what, is in the hash: the same text of another
 * principal, server or tool is another key.
 */
export function describeClaim(
  { exchange, target }: ToolCall,
  key: string,
  argumentsMac: (bytes: Buffer) => string,
): Claim {
  const { caller, message } = exchange
  const { id: principal } = caller.principal
  const { server, name } = target
  const whose = [holderOf(caller.principal), server, name, key]
  const keyHash = hash('sha256', JSON.stringify(whose), 'hex')
  const given = message.arguments.start === -1 ? NOTHING : slice(message.bytes, message.arguments)
  // For people only, and so short and without what a database refuses.
  const tool = name.slice(0, NAME_CHARS_MAX).replace(CONTROL, '').toWellFormed()
  return {
    id: keyHash,
    key: { principal, server, tool, keyHash },
    argumentsMac: argumentsMac(given),
  }
}
