import type { Claim } from './claim.ts'

/** Who may use which workspace, and how Slack is called. */
export const SLACK_CLIENT = {
  'slack/access/bound': {
    behavior:
      'A token that is bound to workspaces is answered about any other exactly as about one that does not exist.',
    source: 'Slack checklist, "Test with multiple workspaces"',
  },
  'slack/access/unbound': {
    behavior:
      'A token that is bound to no workspace works while exactly one is installed; with more its calls are refused with the form that binds it.',
    source: 'design, "Refusals"',
  },
  'slack/access/tenant': {
    behavior:
      "A tenant's caller may use what the tenant's own apps are installed in and the workspaces given to it, and no other.",
    source: 'design, "State"',
  },
} as const satisfies Record<string, Claim>
