import { expect, test } from 'vitest'
import { soakChildren } from './soak/children.ts'
import type { PartOptions } from './soak/part.ts'
import { soakReloads } from './soak/reloads.ts'

const { signal } = new AbortController()
const progress: string[] = []
const SHORT = {
  signal,
  judgesMemory: false,
  onProgress: (line: string) => void progress.push(line),
}

function scaled(scale: number): PartOptions {
  return { ...SHORT, scale }
}

test(
  'while the file is edited again and again, by all ways of reloading, no call to an untouched server fails [reliability/reload]',
  { timeout: 90_000 },
  async () => {
    const { problems, lines } = await soakReloads(scaled(0.06))
    expect(problems).toEqual([])
    expect(lines.join()).toContain('12 reloads')
  },
)

test(
  'children that come and go leave no process and no open file behind [reliability/orphans] [reliability/files]',
  { timeout: 90_000 },
  async () => {
    const { problems, lines } = await soakChildren(scaled(0.04))
    expect(problems).toEqual([])
    expect(lines.join()).toMatch(/[4-9]\d children started and stopped/)
  },
)
