import type { ClaimsOf } from './claim.ts'

/** What the Slack server changes at Slack, and what it never does. */
export const SLACK_WRITE = {
  'slack/write/off': {
    behavior:
      'Without `SLACK_WRITE_CHANNELS` the tools that write are not listed, and calling them fails as a tool that does not exist.',
    source: 'Scenario 17 of the Slack facts',
  },
  'slack/write/places': {
    behavior:
      'A write to a place that `SLACK_WRITE_CHANNELS` does not allow is refused before Slack hears of it: by id, by name, in a thread, as a direct message, and of a message that stands there.',
    source: 'Scenario 17 of the Slack facts',
  },
  'slack/write/mentions': {
    behavior:
      'Mentions of a whole channel, of everybody and of a user group become words that notify nobody, in text, in blocks and in rich text.',
    source: 'Scenario 17 of the Slack facts; Slack, "Formatting text for app surfaces"',
  },
  'slack/write/previews': {
    behavior:
      'Nothing that is posted makes Slack fetch an address: links get no preview, and pictures are files of Slack.',
    source: 'Scenario 17 of the Slack facts; Slack, "Unfurling links in messages"',
  },
  'slack/write/blocks': {
    behavior: 'Blocks that a message may hold show something; buttons and fields are refused.',
    source: 'Slack, "Block Kit"',
  },
  'slack/write/length': {
    behavior:
      'A text over 4,000 characters is refused, as Slack makes several messages of it; so are more than 50 blocks.',
    source: 'Scenario 17 of the Slack facts; Slack, chat.postMessage, "Truncating content"',
  },
  'slack/write/once': {
    behavior:
      'A write is sent to Slack once; when nobody knows whether Slack did it, the error says so with the outcome `unknown`.',
    source: 'Scenario 11 of the Slack facts',
  },
} as const satisfies ClaimsOf<'slack/write'>
