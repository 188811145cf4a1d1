import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { ask, callTool, failureOf, textOf, toolNamesOf } from '../fixtures/wire.ts'

test('servers that cannot start do not fail the list of the others, which says so of each [tools/list/not-started] [upstreams/start/fails]', async () => {
  const mcpServers = {
    absent: { command: './no-such-program' },
    ends: { command: process.execPath, args: ['-e', 'process.exit(3)'] },
    unreachable: { url: 'http://127.0.0.1:1/mcp' },
    own: stdioServer(),
  }
  await using gateway = await startGateway({ config: { mcpServers } })
  const list = await ask(gateway, 'tools/list')
  expect(list.status).toBe(200)
  const names = toolNamesOf(list)
  expect(names).toContain('own__echo')
  expect(names.filter((name) => !name.startsWith('own__'))).toEqual([])
  const meta = list.json.result?.['_meta'] as { 'dev.sallyport/sources': { server: string }[] } // documented
  expect(meta['dev.sallyport/sources']).toMatchObject([
    { server: 'absent', tools: 0, at: null },
    { server: 'ends', tools: 0, at: null },
    { server: 'own', state: 'ready' },
    { server: 'unreachable', tools: 0, at: null },
  ])
  expect(textOf(await callTool(gateway, 'own__echo', { message: 'm' }))).toBe('m')
  for (const server of ['absent', 'ends', 'unreachable']) {
    const answer = await callTool(gateway, `${server}__echo`, {})
    expect([server, failureOf(answer)]).toMatchObject([
      server,
      { code: expect.stringMatching(/^server_(start_failed|unavailable)$/), outcome: 'not_sent' },
    ])
  }
})
