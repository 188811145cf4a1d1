import type {
  ApprovalDecision,
  ApprovalDesk,
  ApprovalEnd,
  ApprovalRequest,
  ApprovalResult,
} from '@sallyport/contract/approvals'
import { ManualClock } from '@sallyport/kit/clock'
import { Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import type { SlackApi, SlackAsk } from '../client/slack-api.ts'
import type { Press } from '../events/interaction-routes.ts'
import { APPROVE, DENY } from './approval-message.ts'
import { type ApprovalPlace, SlackApprovals } from './slack-approvals.ts'

const PLACE = { app: 'default', team: 'T1', channel: 'C1' }
const signal = new AbortController().signal

/** What Slack was asked for, in order. */
class RecordedApi {
  readonly calls: { method: string; args: Record<string, unknown> }[] = []
  failure: AppError | undefined
  readonly api = {
    call: async <Reply>(
      method: string,
      args: Readonly<Record<string, unknown>>,
      ask: SlackAsk<Reply>,
    ): Promise<Reply> => {
      if (this.failure !== undefined) throw this.failure
      this.calls.push({ method, args: { ...args } })
      return ask.reply.parse({ ok: true, channel: 'C1', ts: '10.1' })
    },
  } as unknown as SlackApi // files are not moved here
}

/** Records the first decision of each request, as the contract wants it. */
class OneDesk implements ApprovalDesk {
  readonly decisions: ApprovalDecision[] = []
  readonly #request: ApprovalRequest
  #end: ApprovalEnd | undefined

  constructor(request: ApprovalRequest) {
    this.#request = request
  }

  async decide(decision: ApprovalDecision): Promise<ApprovalResult> {
    this.decisions.push(decision)
    if (decision.id !== this.#request.id) return { kind: 'unknown' }
    if (decision.decidedBy === this.#request.requestedBy) return { kind: 'forbidden' }
    if (this.#end !== undefined) return { kind: 'over', request: this.#request, end: this.#end }
    this.#end = { kind: 'decided', verdict: decision.verdict, decidedBy: decision.decidedBy }
    return { kind: 'recorded', request: this.#request }
  }
}

const PEOPLE: Readonly<Record<string, string>> = {
  'T1/U1': 'user:ann',
  'T1/U2': 'user:ben',
  'T1/U3': 'key:caller',
  'T2/U9': 'user:eve',
}

function bench(changes: Partial<ApprovalRequest> = {}, place: ApprovalPlace = PLACE) {
  const clock = new ManualClock()
  const request: ApprovalRequest = {
    id: 'ap_1',
    server: 'files',
    tool: 'files__delete',
    requestedBy: 'key:caller',
    tenant: 'acme',
    arguments: '{\n  "path": "/etc"\n}',
    reason: 'destructive-needs-a-human',
    requestedAtMs: clock.nowMs(),
    expiresAtMs: clock.nowMs() + 300_000,
    ...changes,
  }
  const slack = new RecordedApi()
  const desk = new OneDesk(request)
  const sealer = new Sealer(
    {
      version: 1,
      deriveKey: () => Buffer.alloc(32, 1),
      deriveKeys: () => [Buffer.alloc(32, 1)],
    },
    'slack approvals',
  )
  const deps = {
    desk,
    approvers: {
      principalOf: ({ team, user }: { team: string; user: string }) =>
        Promise.resolve(PEOPLE[`${team}/${user}`]),
    },
    api: () => slack.api,
    sealer,
    clock,
    log: silentLog,
  }
  return { approvals: new SlackApprovals(place, deps), clock, request, slack, desk, deps }
}

/** The buttons as Slack was given them, by action. */
function buttonsOf(slack: RecordedApi): Record<string, string> {
  const blocks = JSON.stringify(slack.calls[0]?.args['blocks'])
  return Object.fromEntries(
    [...blocks.matchAll(/"action_id":"(\w+)","value":"([^"]+)"/g)].map(([, action, value]) => [
      action ?? '',
      value ?? '',
    ]),
  )
}

async function asked(changes: Partial<ApprovalRequest> = {}) {
  const made = bench(changes)
  const notice = await made.approvals.announce(made.request, signal)
  const buttons = buttonsOf(made.slack)
  made.slack.calls.length = 0
  const press = (change: Partial<Press> = {}): Promise<boolean> => {
    const action = change.action ?? APPROVE
    return made.approvals.press({
      app: APP,
      team: 'T1',
      user: { id: 'U1', team: 'T1' },
      message: { channel: 'C1', ts: '10.1' },
      action,
      value: buttons[action] ?? '',
      requestId: 'r-1',
      ...change,
    })
  }
  return { ...made, notice, buttons, press }
}

const APP: Press['app'] = {
  name: 'default',
  clientId: '1.2',
  clientSecret: new Secret('unused'),
  signingSecret: undefined,
  scopes: [],
  userScopes: [],
  distribution: 'internal',
  tenant: null,
}

test('a press is the decision of the principal that the person is, and the buttons go [slack/approvals/press]', async () => {
  const { press, desk, slack, notice } = await asked()
  expect(notice).toEqual({ channel: 'slack', reference: '10.1' })
  expect(await press()).toBe(true)
  expect(desk.decisions).toEqual([
    { id: 'ap_1', verdict: 'approved', decidedBy: 'user:ann', channel: 'slack' },
  ])
  expect(slack.calls.map(({ method }) => method)).toEqual(['chat.update'])
  const shown = JSON.stringify(slack.calls[0]?.args)
  expect(shown).toContain('Approved by user:ann')
  expect(shown).not.toContain('"actions"')
  expect(slack.calls[0]?.args).toMatchObject({ channel: 'C1', ts: '10.1' })
})

test('what a button means is understood by another process, and after a restart [slack/approvals/press]', async () => {
  const { buttons, deps, desk } = await asked()
  const later = new SlackApprovals(PLACE, deps)
  await later.press({
    ...{ app: APP, team: 'T1', user: { id: 'U2', team: 'T1' }, requestId: 'r-2' },
    ...{ message: { channel: 'C1', ts: '10.1' }, action: DENY, value: buttons[DENY] ?? '' },
  })
  expect(desk.decisions).toMatchObject([{ verdict: 'denied', decidedBy: 'user:ben' }])
})

test('of two presses the second decides nothing and is told so alone [slack/approvals/refused]', async () => {
  const { press, slack, desk } = await asked()
  await Promise.all([press(), press({ action: DENY, user: { id: 'U2', team: 'T1' } })])
  expect(desk.decisions).toHaveLength(2)
  const told = slack.calls.filter(({ method }) => method === 'chat.postEphemeral')
  expect(told.map(({ args }) => args)).toEqual([
    { channel: 'C1', user: 'U2', text: 'It is over already. Approved by user:ann.' },
  ])
  for (const { method, args } of slack.calls) {
    if (method === 'chat.update') expect(args['text']).toBe('Approved by user:ann.')
  }
})

test.each([
  ['a person who is no approver', { user: { id: 'U7', team: 'T1' } }, 'not among those'],
  ['a person of another workspace', { user: { id: 'U9', team: 'T2' } }, 'Only people of this'],
  ['one with the id of an approver elsewhere', { user: { id: 'U1', team: 'T2' } }, 'Only people'],
  ['a button that was altered', { value: 'AAAA' }, 'means nothing here'],
  ['an empty button', { value: '' }, 'means nothing here'],
  ['another app', { app: { ...APP, name: 'other' } }, 'means nothing here'],
] as const)(
  'a press of %s decides nothing [slack/approvals/refused]',
  async (_case, change, word) => {
    const { press, desk, slack } = await asked()
    expect(await press(change)).toBe(true)
    expect(desk.decisions).toEqual([])
    expect(slack.calls).toMatchObject([
      { method: 'chat.postEphemeral', args: { text: expect.stringContaining(word) } },
    ])
  },
)

test('a press in another workspace or channel is not even answered [slack/approvals/refused]', async () => {
  const { press, desk, slack } = await asked()
  await press({ team: 'T2', user: { id: 'U9', team: 'T2' } })
  await press({ message: { channel: 'C2', ts: '10.1' } })
  expect([desk.decisions, slack.calls]).toEqual([[], []])
})

test('the value of one button under the other decides nothing [slack/approvals/refused]', async () => {
  const { press, buttons, desk } = await asked()
  await press({ action: APPROVE, value: buttons[DENY] ?? '' })
  expect(desk.decisions).toEqual([])
})

test('a button of another place, sealed with the same key, decides nothing [slack/approvals/refused]', async () => {
  const { press, desk } = await asked()
  const other = bench({}, { ...PLACE, team: 'T2' })
  await other.approvals.announce(other.request, signal)
  await press({ value: buttonsOf(other.slack)[APPROVE] ?? '' })
  expect(desk.decisions).toEqual([])
})

test('a press counts until the call ends and not after [slack/approvals/refused]', async () => {
  const { press, clock, desk, slack } = await asked()
  clock.advance(299_999)
  await press({ user: { id: 'U3', team: 'T1' } })
  expect(desk.decisions).toHaveLength(1)
  expect(slack.calls[0]?.args['text']).toBe('You may not decide about this call.')
  clock.advance(1)
  await press()
  expect(desk.decisions).toHaveLength(1)
  expect(slack.calls[1]?.args['text']).toContain('too late')
})

test('a button of another is left to another', async () => {
  const { press, slack } = await asked()
  expect(await press({ action: 'their_own' })).toBe(false)
  expect(slack.calls).toEqual([])
})

test('what came with a call stands in plain text, and what was cut is said [slack/approvals/plain]', async () => {
  const made = bench({
    tool: '<!channel> *bold* :tada:',
    requestedBy: 'key:<@U1>',
    arguments: `<!everyone> <https://evil.test|click>\u202E\u0007 ${'x'.repeat(3_000)}`,
  })
  await made.approvals.announce(made.request, signal)
  const [posted] = made.slack.calls
  expect(posted?.args).toMatchObject({ unfurl_links: false, unfurl_media: false })
  expect(posted?.args['text']).toBe(
    'A call of files &lt;!channel&gt; *bold* :tada: waits for approval',
  )
  const blocks = JSON.stringify(posted?.args['blocks'])
  expect(blocks).not.toMatch(/mrkdwn|\u202E/)
  expect(blocks).not.toContain('\\u0007')
  expect(blocks).toContain('of 3040 characters')
  for (const [, text] of blocks.matchAll(/"type":"plain_text","text":"((?:[^"\\]|\\.)*)"/g)) {
    expect(text?.length).toBeLessThanOrEqual(3_000)
  }
  expect(blocks.match(/"emoji":false/g)?.length).toBe(blocks.match(/"plain_text"/g)?.length)
})

test.each([
  [{ kind: 'expired' }, 'Nobody decided in time'],
  [{ kind: 'withdrawn' }, 'withdrawn'],
  [
    { kind: 'decided', verdict: 'denied', decidedBy: 'user:<!here>' },
    'Denied by user:&lt;!here&gt;',
  ],
] as const)('the message says how it ended: %j [slack/approvals/press]', async (end, word) => {
  const { approvals, notice, request, slack } = await asked()
  await approvals.conclude(notice, request, end, signal)
  expect(slack.calls).toMatchObject([
    { method: 'chat.update', args: { ts: '10.1', text: expect.stringContaining(word) } },
  ])
})

test('what Slack cannot be told is thrown, and the decision stands', async () => {
  const { press, slack, desk } = await asked()
  slack.failure = new AppError('slack_unavailable', 'no answer')
  await expect(press()).rejects.toMatchObject({ code: 'slack_unavailable' })
  expect(desk.decisions).toHaveLength(1)
})
