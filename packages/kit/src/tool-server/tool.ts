import type { z } from 'zod'
import type { Principal } from '../principal.ts'

/** What a tool does to the world, for clients to show. All four are said. Source: MCP, "ToolAnnotations". */
export interface ToolHints {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  readonly openWorldHint: boolean
}

/** One call of a tool on its way. */
export interface ToolCall {
  readonly principal: Principal
  /** Address of the peer, after trusted proxies. */
  readonly address: string
  readonly requestId: string
  /** Aborts with an AppError: `cancelled`, `deadline_exceeded` or `shutting_down`. */
  readonly signal: AbortSignal
  /** When the call must be over, monotonic, milliseconds. */
  readonly deadlineMs: number
  /** Of the header or `_meta["dev.sallyport/idempotencyKey"]`; undefined = none was given. */
  readonly idempotencyKey: string | undefined
}

/** What a tool answers with. */
export interface ToolOutcome<Output> {
  /** Fits the tool's output schema. */
  readonly structured: Output
  /** The same for a model, short. */
  readonly text: string
  /** Besides the text: images and other bytes. */
  readonly blocks?: readonly ToolBlock[]
}

/** Content besides text. Source: MCP, "Tool Result". */
export type ToolBlock =
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource'
      readonly resource: { readonly uri: string; readonly mimeType: string; readonly blob: string }
    }

/** A tool as its package defines it: once, with the schemas that both its list and its calls are judged by. */
export interface Tool<Context, Input = unknown, Output = unknown> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly hints: ToolHints
  readonly input: z.ZodType<Input>
  readonly output: z.ZodType<Output>
  /**
   * Runs one call whose arguments fit `input`.
   *
   * @throws {AppError} what the caller is told as a tool error
   */
  run(input: Input, context: Context): Promise<ToolOutcome<Output>>
}

/** Ties the types of a tool together and forgets them, so that tools of one context stand in one list. */
export function defineTool<Context, Input, Output>(
  tool: Tool<Context, Input, Output>,
): Tool<Context> {
  return tool as Tool<Context> // a call is parsed by `input` before `run` sees it
}
