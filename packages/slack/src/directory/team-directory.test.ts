import { ManualClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import { ScriptedSlack, workspaceOf } from '../../test/fixtures/scripted-slack.ts'
import { type DirectoryPage, TeamDirectory } from './team-directory.ts'
import { TeamDirectories } from './team-directories.ts'

interface Named {
  readonly id: string
}

const RULES = { entriesMax: 1_000, lifeMs: 600_000 }

/** A list of that many entries, ten a page, and which pages were read. */
class List {
  readonly read: string[] = []
  failAt: string | undefined
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  readonly load = async (cursor: string | undefined): Promise<DirectoryPage<Named>> => {
    const from = Number(cursor ?? 0)
    if (String(from) === this.failAt) {
      this.failAt = undefined
      throw new Error('limited')
    }
    this.read.push(String(from))
    await Promise.resolve()
    const entries = Array.from({ length: Math.min(10, this.#count - from) }, (_, index) => ({
      id: `C${from + index}`,
    }))
    return { entries, next: from + 10 < this.#count ? String(from + 10) : undefined }
  }
}

function searcher(
  list: List,
  rules = RULES,
): {
  readonly directory: TeamDirectory<Named>
  readonly clock: ManualClock
  find(id: string): Promise<Named | undefined>
} {
  const directory = new TeamDirectory<Named>(rules)
  const clock = new ManualClock()
  const { signal } = new AbortController()
  const given = { ageMs: 60_000, clock, signal }
  const find = (id: string): Promise<Named | undefined> =>
    directory.search((entry) => entry.id === id, list.load, given)
  return { directory, clock, find }
}

test('no more pages are read than it takes, and a stopped walk goes on where it stood [slack/reading/names]', async () => {
  const list = new List(100)
  const { find } = searcher(list)
  await find('C25')
  expect(list.read).toEqual(['0', '10', '20'])
  list.failAt = '40'
  await expect(find('C55')).rejects.toThrow('limited')
  await find('C55')
  expect(list.read).toEqual(['0', '10', '20', '30', '40', '50'])
})

test('callers at the same time share the pages, also where one of them fails', async () => {
  const list = new List(100)
  const { find } = searcher(list)
  list.failAt = '30'
  const all = await Promise.allSettled([find('C95'), find('C95'), find('C85')])
  expect(all.filter(({ status }) => status === 'rejected').length).toBe(1)
  expect(list.read).toEqual(Array.from({ length: 10 }, (_, page) => String(page * 10)))
})

test('nothing is called complete before the end of a walk, nor for long after it', async () => {
  const list = new List(30)
  const { directory, clock, find } = searcher(list)
  await find('C5')
  expect(directory.isComplete(60_000, clock.monotonicMs())).toBe(false)
  expect(await find('nowhere')).toBe(undefined)
  expect(directory.isComplete(60_000, clock.monotonicMs())).toBe(true)
  expect(await find('nowhere')).toBe(undefined)
  expect(list.read.length).toBe(3)
  clock.advance(60_001)
  expect(await find('nowhere')).toBe(undefined)
  expect(list.read.length).toBe(6)
  clock.advance(RULES.lifeMs + 1)
  expect(directory.get('C5', clock.monotonicMs())).toBe(undefined)
})

test('what was forgotten is looked for again and not called unknown, though all was read a moment ago [slack/reading/names]', async () => {
  const list = new List(30)
  const { directory, clock, find } = searcher(list)
  expect(await find('nowhere')).toBe(undefined)
  directory.forget('C5')
  expect(directory.isComplete(60_000, clock.monotonicMs())).toBe(false)
  expect(await find('C5')).toEqual({ id: 'C5' })
})

test('where there is no room for all, nothing is complete, what is there is found, and what is not is unknown [slack/reading/directory-bounds]', async () => {
  const list = new List(100)
  const { directory, clock, find } = searcher(list, { ...RULES, entriesMax: 15 })
  expect(await find('C95')).toEqual({ id: 'C95' })
  expect(directory.size).toBe(15)
  expect(await find('C3')).toEqual({ id: 'C3' })
  expect(await find('nowhere')).toBe(undefined)
  expect(directory.isComplete(60_000, clock.monotonicMs())).toBe(false)
})

test('workspaces that were not used for the longest give place, and a new installation begins anew [slack/reading/directory-bounds]', () => {
  const teams = new TeamDirectories<Named>({ ...RULES, teamsMax: 3, totalMax: 5 })
  const slack = new ScriptedSlack()
  const of = (team: string, installedAtMs = 1): TeamDirectory<Named> =>
    teams.of(workspaceOf(slack, team, { installation: { installedAtMs } }))
  for (const team of ['T1', 'T2', 'T3']) of(team).put({ id: 'C1' }, 0)
  of('T1')
  of('T4')
  expect(of('T2').size).toBe(0)
  expect(of('T1').size).toBe(1)
  expect(of('T1', 2).size).toBe(0)
  const big = of('T5')
  for (let index = 0; index < 6; index += 1) big.put({ id: `C${index}` }, 0)
  of('T5')
  expect(teams.size).toBe(1)
  teams.forget('default', 'T5')
  expect(teams.size).toBe(0)
})
