import type { Claim } from './claim.ts'

const SCENARIOS = 'Slack facts, scenario'

/** The tools of the Slack server that read. */
export const SLACK_READING = {
  'slack/reading/tools': {
    behavior:
      'Every reading tool answers with structured content that fits its output schema, and without a token in it.',
    source: 'MCP, "Tools", structured content',
  },
  'slack/reading/history': {
    behavior:
      'A channel history is read to its end in pages of any sizes, every message once and in order, also over a restart and while others write.',
    source: `${SCENARIOS} 15`,
  },
  'slack/reading/cursor-bound': {
    behavior:
      'A cursor opens for the caller, tool, workspace, channel and window that it was returned for, for one day, and is refused otherwise, with what to do.',
    source: `${SCENARIOS} 15`,
  },
  'slack/reading/unlisted': {
    behavior:
      'With an app that is neither internal nor of the Marketplace, pages hold 15 messages at most and take one request each.',
    source: 'Slack, "Rate limit changes for non-Marketplace apps"',
  },
  'slack/reading/channels': {
    behavior:
      'The channels of a workspace are listed in one walk that can be resumed; a page that a limit cut short says so, and only the last one calls the list complete.',
    source: `${SCENARIOS} 16`,
  },
  'slack/reading/names': {
    behavior:
      'Channels and people are found by name page by page when they are asked for; a name is unknown only after everything was looked through, and a look-up that a limit stopped goes on where it stood.',
    source: `${SCENARIOS} 16`,
  },
  'slack/reading/directory-bounds': {
    behavior:
      'What is kept of channels and people is bounded per workspace and over all, and never called complete where something was left out.',
    source: `${SCENARIOS} 16`,
  },
  'slack/reading/untrusted': {
    behavior:
      'Text of people is marked as data, stands within a fence that it cannot close, keeps its lines, and loses characters that nobody sees.',
    source: `${SCENARIOS} 20`,
  },
  'slack/reading/search': {
    behavior:
      'Search leaves private channels and direct messages out unless the operator allows them, whatever the query says.',
    source: 'Slack facts, 2.5, safe search',
  },
  'slack/reading/scopes': {
    behavior:
      'Tools that no token of the caller can use by its scopes are not listed; with no installation the scopes decide that the app asks for.',
    source: 'Slack, "Permission scopes"',
  },
  'slack/reading/files': {
    behavior:
      'A file is read with the token of its workspace up to the size limit; images go by their bytes, not by what somebody calls them.',
    source: 'Slack facts, 2.6, files',
  },
  'slack/reading/documented': {
    behavior: 'The page of tools lists every tool with its scopes, hints and arguments.',
    source: 'house style, "Repository habits"',
  },
} as const satisfies Readonly<Record<string, Claim>>
