import type { ApprovalDecision, ApprovalRequest } from '@sallyport/contract/approvals'
import { systemClock } from '@sallyport/kit/clock'
import { Sealer } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { expect, test } from 'vitest'
import { SlackApprovals } from '../../src/approvals/slack-approvals.ts'
import { ClientBench, installationOf } from '../fixtures/client-bench.ts'
import { Rig } from '../fixtures/rig.ts'
import { signed } from '../fixtures/signed.ts'
import { appOf, openFolderStore, openWebHost } from '../fixtures/web-host.ts'
import { APP } from '../fixtures/world.ts'

const TEAM = 'TALPHA0001'
const CHANNEL = 'CALPHA0001'
const signal = new AbortController().signal

const REQUEST: ApprovalRequest = {
  ...{
    id: 'ap_1',
    server: 'files',
    tool: 'files__delete',
    requestedBy: 'key:caller',
    tenant: null,
  },
  ...{ arguments: '{"path":"/etc"}', reason: 'destructive-needs-a-human' },
  ...{ requestedAtMs: Date.now(), expiresAtMs: Date.now() + 300_000 },
}

test('a waiting call is shown in Slack, and the signed press of an approver decides it once [slack/approvals/press] [slack/approvals/refused]', async () => {
  await using stack = new AsyncDisposableStack()
  const rig = stack.use(await Rig.open())
  const { store } = stack.use(await openFolderStore())
  const bench = stack.use(new ClientBench({ origin: rig.url }))
  bench.installations.tokens.set(`${TEAM}/bot`, (await rig.grant(TEAM)).access_token)
  const decisions: ApprovalDecision[] = []
  const approvals = new SlackApprovals(
    { app: 'default', team: TEAM, channel: CHANNEL },
    {
      desk: {
        decide: async (decision) => {
          decisions.push(decision)
          return { kind: 'recorded', request: REQUEST }
        },
      },
      approvers: {
        principalOf: async ({ user }) => (user === 'UALPHA0001' ? 'user:ann' : undefined),
      },
      api: () => bench.clients.of(appOf(APP), installationOf(TEAM)),
      sealer: new Sealer(store.ring.keys, 'slack/approvals'),
      clock: systemClock,
      log: silentLog,
    },
  )
  const host = stack.use(
    await openWebHost(rig, { store, onPress: (press) => approvals.press(press) }),
  )

  const { reference: ts } = await approvals.announce(REQUEST, signal)
  const [posted] = rig.calls('chat.postMessage')
  const value = /"sallyport_approval_approve","value":"([^"]+)"/.exec(
    posted?.args.blocks ?? '',
  )?.[1]
  const press = (user: string) => {
    const payload = JSON.stringify({
      type: 'block_actions',
      team: { id: TEAM },
      user: { id: user, team_id: TEAM },
      container: { message_ts: ts, channel_id: CHANNEL },
      actions: [{ action_id: 'sallyport_approval_approve', value }],
    })
    return signed(APP, new URLSearchParams({ payload }).toString())
  }
  const send = async (init: RequestInit): Promise<number> =>
    (await fetch(`${host.url}/slack/interactions`, init)).status

  expect(await send(press('U0STRANGER'))).toBe(200)
  await rig.seen('chat.postEphemeral')
  expect(decisions).toEqual([])
  const good = press('UALPHA0001')
  expect(await send(good)).toBe(200)
  expect(await send(good)).toBe(401)
  const [update] = await rig.seen('chat.update')
  expect(update?.args).toMatchObject({ channel: CHANNEL, ts, text: 'Approved by user:ann.' })
  expect(update?.args.blocks).not.toContain('"actions"')
  expect(decisions).toEqual([
    { id: 'ap_1', verdict: 'approved', decidedBy: 'user:ann', channel: 'slack' },
  ])
})
