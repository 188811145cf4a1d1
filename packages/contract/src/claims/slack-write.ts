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
  'slack/write/workspace': {
    behavior:
      'With a list of the channels that may be written to, or may not, tools that change what belongs to no channel are not there.',
    source: 'Design, part 05: guardrails',
  },
  'slack/write/hints': {
    behavior:
      'Tools that write say so in their hints, those that overwrite or remove are destructive, and those that may be repeated idempotent.',
    source: 'Scenario 17 of the Slack facts; MCP, "ToolAnnotations"',
  },
  'slack/write/uploads': {
    behavior:
      'Files are uploaded only of the kinds, the sizes and from the folder that are set; without kinds there is no such tool.',
    source: 'Facts on Slack servers: what users ask for, files',
  },
  'slack/write/audit': {
    behavior:
      'Each write leaves an intent and a line in the audit log before its answer, and the text of a message stands nowhere: not in the log, not in the store.',
    source: 'Scenario 17 of the Slack facts; design §4',
  },
  'slack/write/once': {
    behavior:
      'A write is sent to Slack once; when nobody knows whether Slack did it, the error says so with the outcome `unknown`.',
    source: 'Scenario 11 of the Slack facts',
  },
} as const satisfies ClaimsOf<'slack/write'>

/** Writes with an idempotency key. */
export const SLACK_ONCE = {
  'slack/once/repeat': {
    behavior:
      'A write with an idempotency key is made once, over all processes of one store: the same key gives the first result, marked as replayed.',
    source: 'Scenario 11 of the Slack facts; Design, "At most once"',
  },
  'slack/once/conflict': {
    behavior:
      'A key counts for one principal, one tool and one set of arguments; with others it is refused with `idempotency_conflict`.',
    source: 'Design, "At most once"',
  },
  'slack/once/unknown': {
    behavior:
      'A write with a key whose outcome nobody knows is never made again: its repeats get `slack_outcome_unknown`.',
    source: 'Scenario 11 of the Slack facts; Design, "At most once"',
  },
  'slack/once/gone': {
    behavior:
      'A write with a key whose process was killed has no known outcome, and its repeats say so.',
    source: 'Scenario 11 of the Slack facts; design §4',
  },
  'slack/once/not-sent': {
    behavior: 'What Slack or a rule of ours refused is tried when its key comes back.',
    source: 'Design, "At most once"',
  },
  'slack/once/unwritable': {
    behavior: 'While the store cannot be written, a write with a key is refused before it is made.',
    source: 'Design, "At most once"; design §4',
  },
  'slack/once/kept': {
    behavior: 'Outcomes of keys are remembered for 24 hours, over a restart.',
    source: 'Scenario 11 of the Slack facts; design §4',
  },
} as const satisfies ClaimsOf<'slack/once'>
