import { expect, test } from 'vitest'
import { ClientBench, installationOf } from '../../test/fixtures/client-bench.ts'
import { ScriptedHttp } from '../../test/fixtures/scripted-http.ts'
import { APP } from '../../test/fixtures/scripted-slack.ts'
import { isSlackFileUrl } from './slack-hosts.ts'

const signal = new AbortController().signal

function filesOf(slack: ScriptedHttp) {
  const bench = new ClientBench({ origin: slack.origin })
  return { bench, api: bench.clients.of(APP, installationOf('T1')) }
}

test('a file comes with its type, asked for with the token of its workspace', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) =>
    res.writeHead(200, { 'content-type': 'Image/PNG; x=y' }).end('bytes'),
  )
  const { bench, api } = filesOf(slack)
  using _bench = bench
  const file = await api.download(`${slack.origin}/files/a.png`, { bytesMax: 5, signal })
  expect([file.bytes.toString(), file.mimeType]).toEqual(['bytes', 'image/png'])
  expect(slack.seen).toMatchObject([
    { method: 'GET', path: '/files/a.png', authorization: 'Bearer xoxb-T1-secret' },
  ])
  const large = api.download(`${slack.origin}/files/a.png`, { bytesMax: 4, signal })
  await expect(large).rejects.toMatchObject({ code: 'result_too_large' })
})

test.each([
  ['https://files.slack.com/files-pri/T1-F1/a.png', true],
  ['https://acme.slack.com/x', true],
  ['https://slack-files.com/x', true],
  ['http://files.slack.com/x', false],
  ['https://files.slack.com:8443/x', false],
  ['https://files.slack.com.evil.example/x', false],
  ['https://evilslack.com/x', false],
  ['https://u:p@files.slack.com/x', false],
  ['https://evil.example/files.slack.com', false],
  ['file:///etc/passwd', false],
  ['//files.slack.com/x', false],
  ['', false],
])('the token goes to %s: %s [slack/client/files]', (url, expected) => {
  expect(isSlackFileUrl(url, 'https://slack.com/api/')).toBe(expected)
})

test('no address that is not Slack’s is asked, and a redirect is not followed', async () => {
  await using elsewhere = await ScriptedHttp.open((_seen, res) => res.end('x'))
  await using slack = await ScriptedHttp.open((_seen, res) =>
    res.writeHead(302, { location: `${elsewhere.origin}/x` }).end(),
  )
  const { bench, api } = filesOf(slack)
  using _bench = bench
  const ask = { bytesMax: 100, signal }
  const foreign = api.download(`${elsewhere.origin}/x`, ask)
  await expect(foreign).rejects.toMatchObject({ code: 'slack_protocol' })
  const upload = api.upload(`${elsewhere.origin}/x`, Buffer.from('x'), { signal })
  await expect(upload).rejects.toMatchObject({ code: 'slack_protocol' })
  const moved = api.download(`${slack.origin}/x`, ask)
  await expect(moved).rejects.toMatchObject({ code: 'slack_refused' })
  expect(elsewhere.seen).toEqual([])
})

test('the page of a login is no file, unless a page is what was asked for', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) =>
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
  )
  const { bench, api } = filesOf(slack)
  using _bench = bench
  const ask = { bytesMax: 100, signal }
  const url = `${slack.origin}/a`
  await expect(api.download(url, ask)).rejects.toMatchObject({ code: 'slack_refused' })
  const page = await api.download(url, { ...ask, mimeType: 'text/html' })
  expect(page.mimeType).toBe('text/html')
})

test('an upload carries its bytes, no token, and is not sent again', async () => {
  let status = 200
  await using slack = await ScriptedHttp.open((_seen, res) => res.writeHead(status).end('OK'))
  const { bench, api } = filesOf(slack)
  using _bench = bench
  const send = () => api.upload(`${slack.origin}/up?ticket=1`, Buffer.from('abc'), { signal })
  await send()
  expect(slack.seen).toMatchObject([{ method: 'POST', body: 'abc', authorization: undefined }])
  status = 500
  await expect(send()).rejects.toMatchObject({ code: 'slack_unavailable' })
  expect(slack.seen).toHaveLength(2)
})
