import type { Tool } from '@sallyport/kit/tool-server'
import type { TokenKind } from '../installations/installation.ts'
import type { Toolset } from '../settings/settings.ts'
import type { SlackContext } from './slack-context.ts'

/** What a token must have been given so that a tool can be used: one of these scopes. */
export interface ScopeNeed {
  readonly as: TokenKind
  /** One is enough; empty = the token alone is. */
  readonly anyOf: readonly string[]
}

/** A tool of this server and when it is there. */
export interface SlackTool {
  readonly tool: Tool<SlackContext>
  readonly toolset: Toolset
  /** One of these is enough; empty = it is always there. */
  readonly needs: readonly ScopeNeed[]
}

/** The scopes that somebody has. */
export interface ScopeGrant {
  readonly bot: readonly string[]
  /** Of whoever installed the app; empty = none. */
  readonly user: readonly string[]
}

/** Annotations of a tool that looks something up at Slack and changes nothing. */
export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
} as const
