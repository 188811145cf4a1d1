import { expect, test } from 'vitest'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { startGateway } from '../fixtures/gateway.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { callTool, textOf } from '../fixtures/wire.ts'

const MASTER_KEY = 'ab'.repeat(32)

interface Rows {
  readonly items: readonly { readonly tool: string | null; readonly outcome: string }[]
}

test.runIf(postgresAvailable())(
  'a gateway over PostgreSQL keeps keys, catalogue and audit through kill -9, and the command works beside it and without it [store/engines]',
  async () => {
    await using postgres = await startPostgres()
    await using gateway = await startGateway({
      config: { store: postgres.url, masterKey: MASTER_KEY, mcpServers: { own: stdioServer() } },
    })
    const key = await gateway.createKey('alice')
    const call = () => callTool({ url: gateway.url, token: key }, 'own__echo', { message: 'hi' })
    expect(textOf(await call())).toContain('hi')
    await gateway.kill9()
    expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, rows: 2, writers: 1 })

    await gateway.restart()
    expect(textOf(await call())).toContain('hi')
    const { items } = await gateway.json<Rows>(['audit', 'list'])
    expect(items.map(({ tool, outcome }) => [tool, outcome])).toEqual(
      ['ok', 'pending', 'ok', 'pending'].map((outcome) => ['echo', outcome]),
    )
    expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, rows: 4, writers: 2 })
  },
)
