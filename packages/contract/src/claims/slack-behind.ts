import type { Claim } from './claim.ts'

/** The Slack server as a child of the gateway. */
export const SLACK_BEHIND = {
  'slack/behind/passed': {
    behavior:
      'What comes to `/slack/` and `/webhook/` of the gateway reaches the Slack server byte for byte and without a key, and its answer comes back the same way.',
    source: 'design, "Two listeners"; Slack, "Verifying requests from Slack"',
  },
  'slack/behind/rules': {
    behavior: 'Names, sizes and rates of the gateway hold for what is passed to the Slack server.',
    source: 'design, "Two listeners"',
  },
  'slack/behind/supervised': {
    behavior:
      'The Slack server is started again whenever it ends, and ends with the gateway, however that ends.',
    source: 'design, "Upstreams"; Slack checklist, "Auto-restart on failure enabled"',
  },
  'slack/behind/reload': {
    behavior:
      'A change of `slack:` in the configuration starts the Slack server anew after its running calls; any other change leaves it alone.',
    source: 'design, "Configuration"',
  },
  'slack/behind/handover': {
    behavior:
      'A gateway that takes over from another one takes the Slack server along without a failed call: calls wait until its store is free.',
    source: 'design, "State"',
  },
  'slack/behind/metrics': {
    behavior:
      'What the Slack server counts of Slack, failed installations and refreshes among it, stands in the metrics of the gateway.',
    source: 'Slack checklist, "Alerts configured for: OAuth failures, token refresh failures"',
  },
  'slack/behind/refused': {
    behavior:
      'A Slack server that could not be installed or would hand tokens to somebody else is refused with its key, before anything starts.',
    source: 'design, "Refusals"',
  },
} as const satisfies Readonly<Record<string, Claim>>
