import { setTimeout as sleep } from 'node:timers/promises'
import { callTool, failureOf, textOf } from '../../packages/cli/test/fixtures/wire.ts'
import { orphansOf } from '../census.ts'
import { footprintLine, footprintOf, judgeGrowth, settled } from '../footprint.ts'
import { type GoodWorld, inParallel, startGoodWorld, TINY } from './good-world.ts'
import { fivePercent, type PartOptions, type PartReport } from './part.ts'

const CHILDREN = 1_000
const PRINCIPALS = 100
const AT_ONCE = 16

/** Starts a child for each principal, over and over; idle ones leave for the next, or after a second. */
export async function soakChildren({
  scale,
  judgesMemory,
  onProgress,
}: PartOptions): Promise<PartReport> {
  const tiny = { ...TINY, share: 'none', idleAfter: '1s', callTimeout: '20s' }
  await using world = await startGoodWorld(PRINCIPALS, { mcpServers: { tiny } })
  const count = Math.round(CHILDREN * scale)
  // Until the allocator has what it needs for that, memory grows without anything being lost.
  await startChildren(world, count)
  await sleep(2_500)
  const before = await footprintOf(world)
  onProgress(`children before: ${footprintLine(before)}`)
  const beganMs = performance.now()
  const { pids, failures } = await startChildren(world, count)
  const seconds = (performance.now() - beganMs) / 1_000
  onProgress(`children right after: ${footprintLine(await footprintOf(world))}`)
  const judge = fivePercent(before, judgesMemory)
  const after = await settled(world, (now) => judgeGrowth(before, now, judge))
  const orphans = await orphansOf(world.gateway)
  return {
    name: 'children',
    lines: [
      `${pids.size} children started and stopped in ${seconds.toFixed(1)} s`,
      `before: ${footprintLine(before)}`,
      `after:  ${footprintLine(after)}`,
    ],
    problems: [
      ...(pids.size < count * 0.95 ? [`only ${pids.size} children were started`] : []),
      ...failures,
      ...orphans.map(({ command }) => `left behind: ${command}`),
      ...judgeGrowth(before, after, judge),
    ],
  }
}

/** Calls until so many children have answered. */
async function startChildren(
  { gateway, tokens }: GoodWorld,
  count: number,
): Promise<{ pids: ReadonlySet<string>; failures: string[] }> {
  const pids = new Set<string>()
  const failures = new Map<string, number>()
  // A principal whose child is still there gets that one again, so more calls than children are made.
  await inParallel(count * 3, AT_ONCE, async (n) => {
    if (pids.size >= count) return
    const token = tokens[n % tokens.length] ?? ''
    const answer = await callTool({ url: gateway.url, token }, 'tiny__pid')
    const code = failureOf(answer)?.code
    if (code !== undefined) failures.set(code, (failures.get(code) ?? 0) + 1)
    else pids.add(textOf(answer))
  })
  return { pids, failures: [...failures].map(([code, times]) => `${times} calls: ${code}`) }
}
