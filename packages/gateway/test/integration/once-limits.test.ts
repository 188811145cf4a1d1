import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { RawClient, type Reply, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const codeOf = ({ message }: Reply): unknown =>
  (message.result?._meta?.['dev.sallyport/error'] as { code: string } | undefined)?.code // ours

/** For how long the outcomes in the store are kept, milliseconds. */
function keptMs({ storeFile }: TestGateway): unknown[] {
  using database = new DatabaseSync(storeFile, { readOnly: true })
  const rows = database.prepare('select expires_at - at as ms from outcomes order by at').all()
  return rows.map(({ ms }) => ms)
}

test('how many keys, how large an answer and how long are what the file says, also after a reload [once/too-large]', async () => {
  const config = (idempotency: object) => ({
    mcpServers: { one: hostileEntry('big') },
    config: { limits: { idempotency } },
  })
  await using gateway = await TestGateway.start(
    config({ perPrincipal: 2, resultBytes: '1KiB', keep: '1m' }),
  )
  const client = await RawClient.open(gateway, 'modern')
  const call = (key: string, bytes: number): Promise<Reply> =>
    client.call('one__big', { bytes }, { 'dev.sallyport/idempotencyKey': key })
  for (const key of ['small', 'large']) await call(key, key === 'small' ? 10 : 2_000)
  expect(textOf(await call('small', 10))).toBe('x'.repeat(10))
  expect(textOf(await call('large', 2_000))).toMatch(/^The call was made before/)
  expect(codeOf(await call('third', 10))).toBe('quota_exceeded')
  expect(keptMs(gateway)).toEqual([60_000, 60_000])

  gateway.configure(config({ perPrincipal: 3, resultBytes: '4KiB', keep: '2m' }))
  await gateway.running.config.reload({ cause: 'api', by: 'test' })
  for (let made = 0; made < 2; made += 1) {
    expect(textOf(await call('third', 2_000))).toBe('x'.repeat(2_000))
  }
  expect(keptMs(gateway)).toEqual([60_000, 60_000, 120_000])
})
