import type { Claim } from './claim.ts'

/** What the Slack server is set up by, and what it does not start with. */
export const SLACK_SETTINGS = {
  'slack/settings/all-at-once': {
    behavior:
      'Everything that is wrong with the environment is told at once, a sentence each with the variable, the shape of its value and what to do.',
    source: 'design, "Refusals"; Slack checklist, "Environment Configuration"',
  },
  'slack/settings/seed': {
    behavior:
      'The variables of the checklist are enough to start a server that listens on loopback, reads and writes nothing.',
    source: 'Slack checklist, "Environment Configuration"',
  },
  'slack/settings/token-required': {
    behavior: 'No server starts without a token of at least 32 characters.',
    source: 'Slack checklist, "Strong API key generated (32+ characters, random)"',
  },
  'slack/settings/tokens': {
    behavior:
      'Tokens are named and bound to workspaces with `NAME:TEAM[+TEAM]=token`, and a name may have two while clients go over.',
    source: 'Slack checklist, "Review and rotate API keys quarterly"',
  },
  'slack/settings/placeholder': {
    behavior: 'What a template left in a variable is refused by its name.',
    source: 'Slack checklist, "All required environment variables set"',
  },
  'slack/settings/redirect': {
    behavior:
      'A redirect address or public address that is not https outside loopback is refused by name, and so is a redirect path that is not the callback.',
    source: 'Slack checklist, "Redirect URI uses HTTPS (required by Slack for production)"',
  },
  'slack/settings/hosts': {
    behavior:
      'Tokens and browsers are sent to Slack alone; other hosts are refused unless they are loopback or a test has allowed them.',
    source: 'design, "Refusals"',
  },
  'slack/settings/apps': {
    behavior:
      'Further Slack apps, each with credentials and perhaps a tenant of its own, come from a file whose secrets may be references.',
    source: 'Slack, "Rate limits": limits of apps that are internal to a customer',
  },
} as const satisfies Readonly<Record<string, Claim>>
