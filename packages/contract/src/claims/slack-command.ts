import type { Claim } from './claim.ts'

/** The Slack server as a command. */
export const SLACK_COMMAND = {
  'slack/command/alone': {
    behavior:
      '`sallyport slack` runs the Slack server alone, says where with `--json` once it is ready, and ends after its running calls.',
    source: 'design, "The command"; Slack checklist, "Server Setup"',
  },
  'slack/command/teams': {
    behavior:
      '`sallyport slack teams` lists the workspaces with their state, scopes, expiry and installer, whether the server runs or not.',
    source: 'Slack checklist, "Team IDs documented for users"',
  },
  'slack/command/prove': {
    behavior:
      '`sallyport slack prove` has the running server list and read, and with `--channel` post into a channel that may be written to and delete that again.',
    source:
      'Slack checklist, "Can post messages via `slack_post_message`" and "All MCP tools tested"',
  },
  'slack/behind/install': {
    behavior:
      'Behind the gateway the app is installed over the data listener, and its tools are there for the keys that see the server.',
    source: 'Slack checklist, "OAuth flow completes successfully"',
  },
  'slack/behind/stores': {
    behavior:
      'Gateway and Slack server work on one PostgreSQL, and embedded each on a file of its own.',
    source: 'design, "Two listeners" and "State"',
  },
} as const satisfies Readonly<Record<string, Claim>>
