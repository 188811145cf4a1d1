import type { ApprovalEnd, ApprovalRequest } from '@sallyport/contract/approvals'
import { printable, printableLines } from '@sallyport/kit/log'

/** Slack takes 3,000 characters in a section. */
const ARGUMENT_CHARACTERS_MAX = 2_500
const FACT_CHARACTERS_MAX = 200

export const APPROVE = 'sallyport_approval_approve'
export const DENY = 'sallyport_approval_deny'

/** A message as `chat.postMessage` and `chat.update` take it. */
export interface MessageBody {
  /** For notifications: no mention, link or markup survives in it. */
  readonly text: string
  readonly blocks: readonly unknown[]
}

/** What the buttons carry. */
export interface ButtonValues {
  readonly approve: string
  readonly deny: string
}

/**
 * A request with its two buttons. Everything that came with the call stands in plain text: Slack makes no mention,
 * link or emoji of it.
 *
 * Source: Slack, "Text object", "Button element".
 */
export function askingMessage(request: ApprovalRequest, values: ButtonValues): MessageBody {
  const minutes = Math.max(1, Math.round((request.expiresAtMs - request.requestedAtMs) / 60_000))
  return {
    text: escapeMarkup(`A call of ${request.server} ${request.tool} waits for approval`),
    blocks: [
      ...describe(request),
      context(`Waits for ${minutes} min at most. Nothing runs before somebody approves.`),
      {
        type: 'actions',
        elements: [
          button({ text: 'Approve', action: APPROVE, value: values.approve, style: 'primary' }),
          button({ text: 'Deny', action: DENY, value: values.deny, style: 'danger' }),
        ],
      },
    ],
  }
}

/** The same request once it is over, without buttons. */
export function concludedMessage(request: ApprovalRequest, end: ApprovalEnd): MessageBody {
  const sentence = endSentence(end)
  return { text: escapeMarkup(sentence), blocks: [...describe(request), context(sentence)] }
}

/** How it ended, for people. */
export function endSentence(end: ApprovalEnd): string {
  switch (end.kind) {
    case 'decided':
      return `${end.verdict === 'approved' ? 'Approved' : 'Denied'} by ${fact(end.decidedBy)}.`
    case 'expired':
      return 'Nobody decided in time: the call was not run.'
    case 'withdrawn':
      return 'The call was withdrawn before anybody decided.'
  }
}

function describe(request: ApprovalRequest): unknown[] {
  const lines = printableLines(request.arguments, ARGUMENT_CHARACTERS_MAX)
  const cut = request.arguments.length > ARGUMENT_CHARACTERS_MAX
  return [
    { type: 'header', text: plain('A call waits for approval', 150) },
    {
      type: 'section',
      fields: [
        plain(`Tool\n${fact(request.server)} · ${fact(request.tool)}`),
        plain(`Called by\n${fact(request.requestedBy)}`),
        plain(`Tenant\n${fact(request.tenant ?? 'none')}`),
        plain(`Because of\n${fact(request.reason)}`),
      ],
    },
    { type: 'section', text: plain(`Arguments\n${lines === '' ? 'none' : lines}`, 3_000) },
    ...(cut
      ? [context(`Only the beginning is shown, of ${request.arguments.length} characters.`)]
      : []),
  ]
}

function fact(text: string): string {
  return printable(text, FACT_CHARACTERS_MAX)
}

function plain(text: string, charactersMax = 2_000): object {
  return { type: 'plain_text', text: text.slice(0, charactersMax), emoji: false }
}

function context(text: string): object {
  return { type: 'context', elements: [plain(text)] }
}

function button(options: {
  readonly text: string
  readonly action: string
  readonly value: string
  readonly style: 'primary' | 'danger'
}): object {
  const { text, action, value, style } = options
  return { type: 'button', text: plain(text, 75), action_id: action, value, style }
}

/** Text in which Slack finds no mention and no link. Source: Slack, "Formatting text for app surfaces". */
export function escapeMarkup(text: string): string {
  return printable(text, 3_000)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
