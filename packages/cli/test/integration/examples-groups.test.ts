import { expect, test } from 'vitest'
import { Example } from '../fixtures/example.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { type Answer } from '../fixtures/send.ts'
import { callTool, failureOf, textOf } from '../fixtures/wire.ts'

const call = ({ gateway }: Example, tool = 'who', args: object = {}): Promise<Answer> =>
  callTool(gateway, `answers__${tool}`, args)

const who = async (example: Example): Promise<string> => textOf(await call(example))

test('03: the breaker of a group opens after three failures, refuses at once, and closes with one call that gets through', async () => {
  await using example = await Example.start('03-breaker')
  const remote = example.servers['remote']
  expect(await who(example)).toBe('remote')
  await remote?.kill()
  for (let failure = 0; failure < 3; failure += 1) {
    expect(failureOf(await call(example))?.code).toBe('server_unavailable')
  }
  const beganMs = performance.now()
  const refused = failureOf(await call(example))
  expect(performance.now() - beganMs).toBeLessThan(100)
  expect(refused).toMatchObject({ code: 'breaker_open', outcome: 'not_sent', retryable: true })
  expect(refused?.retryAfterMs).toBeGreaterThan(0)
  expect(refused?.retryAfterMs).toBeLessThanOrEqual(2_000)
  await remote?.start()
  await waitUntil('the breaker to close', async () => (await who(example)) === 'remote', 5_000)
})

test('04: the backup answers while the primary is away, also when it goes in the middle of a call, and then the primary again', async () => {
  await using example = await Example.start('04-failover')
  const primary = example.servers['primary']
  expect(await who(example)).toBe('primary')
  const running = call(example, 'wait', { ms: 1_000 })
  await new Promise((resolve) => setTimeout(resolve, 300))
  await primary?.kill()
  expect(textOf(await running)).toBe('backup waited')
  for (let times = 0; times < 5; times += 1) expect(await who(example)).toBe('backup')
  await primary?.start()
  await waitUntil('the primary to answer', async () => (await who(example)) === 'primary', 4_000)
})

test('05: three members take turns; without one of them no call fails', async () => {
  await using example = await Example.start('05-load-balancing')
  const round = async (calls: number): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {}
    for (let done = 0; done < calls; done += 1) {
      const name = await who(example)
      counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }
  expect(await round(6)).toEqual({ one: 2, two: 2, three: 2 })
  await example.servers['two']?.kill()
  const left = await round(6)
  expect(Object.keys(left).toSorted()).toEqual(['one', 'three'])
  const { stdout } = await example.gateway.command(['groups'])
  expect(stdout).toMatch(/answers.*2\/3|answers.*2 of 3/)
})

test('19: a pinned key reaches the canary, and the stable version once the canary is gone', async () => {
  await using example = await Example.start('19-canary')
  const { url } = example.gateway
  const token = await example.gateway.createKey('tester')
  const tester = async (): Promise<string> => textOf(await callTool({ url, token }, 'answers__who'))
  expect(await tester()).toBe('next')
  await example.servers['next']?.kill()
  expect(await tester()).toBe('stable')
  await example.servers['next']?.start()
  await waitUntil('the canary to be used again', async () => (await tester()) === 'next', 5_000)
})
