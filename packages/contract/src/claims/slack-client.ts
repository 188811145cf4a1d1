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
  'slack/client/isolated': {
    behavior: "Every request to Slack carries the token of its own workspace and nobody else's.",
    source: 'Slack checklist, "Test with multiple workspaces"',
  },
  'slack/client/silent': {
    behavior: 'Nothing that is sent to Slack or comes from it is printed, at no log level.',
    source: 'Slack checklist, "Sensitive data not logged"',
  },
  'slack/client/errors': {
    behavior:
      "Whatever Slack or anybody in its place answers becomes a code that shows nothing but Slack's own codes and scopes.",
    source: 'Slack checklist, "Error messages don\'t leak sensitive information"',
  },
  'slack/client/once': {
    behavior:
      'A change is sent to Slack once; where it may have been carried out the answer is `slack_outcome_unknown`.',
    source: 'design, "Upstreams"',
  },
  'slack/client/budget': {
    behavior:
      "Slack's limits are kept per app, workspace and method by all processes of one store together.",
    source: 'Slack, "Rate limits"',
  },
  'slack/client/retry-after': {
    behavior:
      'A pause that Slack asks for is sat out where the deadline has room for it; otherwise the caller is told its seconds at once, and nobody asks before it ends.',
    source: 'Slack, "Rate limits"; Slack checklist, "Rate limit handling"',
  },
  'slack/client/files': {
    behavior: "Files are asked for at Slack's own hosts alone: no other gets a token.",
    source: 'Slack, "Working with files"',
  },
  'slack/client/deadline': {
    behavior:
      'A request to Slack ends with its deadline, its caller or its connection, and leaves no connection behind.',
    source: 'Slack checklist, "Request timeouts"',
  },
} as const satisfies Record<string, Claim>
