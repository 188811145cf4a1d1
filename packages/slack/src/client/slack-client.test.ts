import { expect, test } from 'vitest'
import { ClientBench } from '../../test/fixtures/client-bench.ts'
import { json, ScriptedHttp } from '../../test/fixtures/scripted-http.ts'

test('a call carries its own token and arguments, and gives the reply', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true, ts: '1.2' }))
  using bench = new ClientBench({ origin: slack.origin })
  const reply = await bench.call('T1', 'chat.postMessage', {
    channel: 'C1',
    text: 'ä & b',
    blocks: [{ type: 'divider' }],
    thread_ts: undefined,
  })
  expect(reply).toMatchObject({ ok: true, ts: '1.2' })
  const [seen] = slack.seen
  expect(seen).toMatchObject({
    method: 'POST',
    path: '/api/chat.postMessage',
    authorization: 'Bearer xoxb-T1-secret',
  })
  expect(Object.fromEntries(seen?.form ?? [])).toEqual({
    channel: 'C1',
    text: 'ä & b',
    blocks: '[{"type":"divider"}]',
  })
})
