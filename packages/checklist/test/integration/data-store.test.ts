import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, open, readFile, rm, truncate, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { DATA } from '../../src/answers/data.ts'
import type { Deployment } from '../../src/deployment.ts'
import { offsiteProbe } from '../../src/probes/data/backups-offsite.ts'
import { look } from '../fixtures/deployment.ts'
import { idsIn, lookAll, textOf } from '../fixtures/family.ts'
import {
  ageFile,
  bookWith,
  DAY_MS,
  restoreRun,
  runningGateway,
  STORE_ANSWERS,
  StorePlace,
} from '../fixtures/store-place.ts'

const UNITS = ['store', 'backups']
/** Whether something makes backups by itself is looked for on the whole machine: a test of its own. */
const { 'backups/schedule': _apart, ...LOOKED_AT } = STORE_ANSWERS
const ALL = idsOf('store').concat(idsOf('backups')).sort()
const STORE = idsOf('store')
const BACKUPS = idsOf('backups')

function idsOf(unit: string): string[] {
  return Object.keys(LOOKED_AT)
    .filter((id) => id.startsWith(`${unit}/`))
    .sort()
}

/** One mistake in a deployment that is fine otherwise. */
interface Mistake {
  readonly name: string
  readonly fails: readonly string[]
  readonly unproved?: readonly string[]
  readonly inMemory?: boolean
  /** What the deployment is then, where that is not said by files alone. */
  make(place: StorePlace): Promise<Deployment | void> | Deployment | void
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a store that others read',
    fails: ['store/mode'],
    make: (place) => chmod(place.store, 0o644),
  },
  {
    name: 'a folder that others enter',
    fails: ['store/mode'],
    make: (place) => chmod(join(place.store, '..'), 0o755),
  },
  {
    name: 'a store in memory',
    fails: ['store/place'],
    inMemory: true,
    make: () => undefined,
  },
  {
    name: 'a log that may outgrow the disk',
    fails: ['store/disk'],
    make: (place) => place.deployment({ audit: { maxSize: '100TiB' } }),
  },
  {
    name: 'an audit log that is off',
    fails: ['store/durable'],
    make: (place) => place.deployment({ audit: { enabled: false, maxSize: '1MiB' } }),
  },
  {
    name: 'a store that takes no writes',
    fails: ['store/durable'],
    make: (place) => place.deployment({}, { gateway: runningGateway({ writable: false }) }),
  },
  {
    name: 'a migration that is pending',
    fails: ['store/migrated'],
    make: (place) => {
      using database = new DatabaseSync(place.store)
      database.exec('delete from migrations where id = (select max(id) from migrations)')
    },
  },
  {
    name: 'a store of a newer version',
    fails: ['store/migrated'],
    make: (place) => {
      using database = new DatabaseSync(place.store)
      database.exec("insert into migrations (id, name, at) values (999, 'later', 9e14)")
    },
  },
  {
    name: 'a store with a page of garbage',
    fails: ['store/integrity'],
    make: async (place) => {
      await using file = await open(place.store, 'r+')
      await file.write(randomBytes(4_096), 0, 4_096, 4 * 4_096)
    },
  },
  {
    name: 'a master key that others read',
    fails: ['store/master-key'],
    make: (place) => chmod(`${place.store}.key`, 0o640),
  },
  {
    name: 'a master key among the backups',
    fails: ['store/master-key'],
    make: async (place) => {
      const { here } = await place.newest()
      await copyFile(`${place.store}.key`, `${here}.key`)
    },
  },
  {
    name: 'a master key in the configuration',
    fails: ['store/master-key'],
    make: (place) => place.deployment({ masterKey: randomBytes(32).toString('hex') }),
  },
  {
    name: 'an old backup',
    fails: ['backups/recent'],
    make: (place) => place.dropNewest(2),
  },
  {
    name: 'an old backup that was touched',
    fails: ['backups/recent'],
    make: async (place) => {
      await place.dropNewest(3)
      await place.backUp(4, ageFile(20_000))
      await utimes((await place.newest()).here, new Date(), new Date())
    },
  },
  {
    name: 'a recovery point objective of an hour',
    fails: ['backups/recent'],
    make: async (place) => {
      const { here } = await place.newest()
      const old = new Date(Date.now() - 2 * 3_600_000)
      await utimes(here, old, old)
      const checklist = { backups: expected(place), objectives: { rpo: '1h' } }
      return place.deployment({ checklist })
    },
  },
  {
    name: 'a backup that is a plain SQLite file',
    fails: ['backups/encrypted'],
    make: async (place) => {
      await place.backUp(0, await sqliteFile(place.folder), 'db')
    },
  },
  {
    name: 'a backup that is cut off',
    fails: ['backups/restorable'],
    make: async (place) => {
      const { here, copy } = await place.newest()
      for (const file of [here, copy]) await truncate(file, 60)
    },
  },
  {
    name: 'a backup of a twentieth of the one before',
    fails: ['backups/restorable'],
    make: async (place) => void (await place.backUp(0, ageFile(500))),
  },
  {
    name: 'an empty backup',
    fails: ['backups/recent', 'backups/restorable'],
    make: async (place) => void (await place.backUp(0, Buffer.alloc(0))),
  },
  {
    name: 'a backup of a form that nothing opens',
    fails: [],
    unproved: ['backups/encrypted', 'backups/restorable'],
    make: async (place) => {
      const noise = Buffer.concat([Buffer.from([0, 1, 2]), randomBytes(20_000)])
      await place.backUp(0, noise)
    },
  },
  {
    name: 'a master key that is gone',
    fails: [],
    unproved: ['store/master-key'],
    make: (place) => rm(`${place.store}.key`),
  },
  {
    name: 'a restore that failed',
    fails: ['backups/restorable'],
    make: (place) => place.deployment({}, { book: bookWith([restoreRun(1, false)]) }),
  },
  {
    name: 'a restore that was long ago',
    fails: [],
    unproved: ['backups/restorable'],
    make: (place) => place.deployment({}, { book: bookWith([restoreRun(200)]) }),
  },
  {
    name: 'a copy that differs in one byte',
    fails: ['backups/offsite'],
    make: async (place) => {
      await using file = await open((await place.newest()).copy, 'r+')
      await file.write('x', 10_000)
    },
  },
  {
    name: 'a copy that is missing',
    fails: ['backups/offsite'],
    make: async (place) => rm((await place.newest()).copy),
  },
  {
    name: 'a copy on the same disk',
    fails: ['backups/offsite'],
    make: async (place) => {
      await mkdir(join(place.folder, 'copies'))
      const backups = { ...expected(place), offsite: './copies' }
      return place.deployment({ checklist: { backups } })
    },
  },
  {
    name: 'no copy',
    fails: [],
    unproved: ['backups/offsite'],
    make: (place) => {
      const { offsite: _none, ...backups } = expected(place)
      return place.deployment({ checklist: { backups } })
    },
  },
  {
    name: 'backups that are never removed',
    fails: ['backups/retention'],
    make: async (place) => void (await place.backUp(60, ageFile(20_000))),
  },
  {
    name: 'backups that are removed too soon',
    fails: ['backups/retention'],
    make: (place) => {
      using database = new DatabaseSync(place.store)
      database.prepare('update migrations set at = ?').run(Date.now() - 90 * DAY_MS)
    },
  },
  {
    name: 'backups that everybody may replace',
    fails: ['backups/configured'],
    make: (place) => chmod(place.backups, 0o777),
  },
  {
    name: 'a folder of backups that is not there',
    fails: BACKUPS,
    make: (place) => rm(place.backups, { recursive: true }),
  },
  {
    name: 'no backups that are declared',
    fails: [],
    unproved: BACKUPS,
    make: (place) => place.deployment({ checklist: {} }),
  },
  {
    name: 'no gateway that runs',
    fails: [],
    unproved: ['store/durable'],
    make: (place) => place.deployment({}, { gateway: undefined }),
  },
  {
    name: 'a configuration that cannot be read',
    fails: [],
    unproved: ['backups/retention', ...STORE],
    make: (place) => place.deployment({}, { config: undefined }),
  },
]

test('a store and backups as they should be are proved [check/store/durable] [check/store/place] [check/store/mode] [check/store/migrated] [check/store/disk] [check/store/integrity] [check/store/master-key]', async () => {
  await using place = await StorePlace.make()
  const found = await lookAll(LOOKED_AT, UNITS, place.deployment())
  const texts = ALL.map((id) => `${id} ${found.get(id)?.state}: ${textOf(found, id)}`)
  expect(idsIn(found, 'proved'), texts.join('\n')).toEqual(ALL)
})

test.each(MISTAKES)(
  '$name fails exactly its answers [check/backups/configured] [check/backups/recent] [check/backups/encrypted] [check/backups/restorable] [check/backups/offsite] [check/backups/retention]',
  async ({ fails, unproved = [], inMemory = false, make }) => {
    await using place = await StorePlace.make({ inMemory })
    const deployment = (await make(place)) ?? place.deployment()
    const found = await lookAll(LOOKED_AT, UNITS, deployment)
    const texts = ALL.map((id) => `${id} ${found.get(id)?.state}: ${textOf(found, id)}`)
    expect(idsIn(found, 'failed'), texts.join('\n')).toEqual(fails)
    expect(idsIn(found, 'unproved'), texts.join('\n')).toEqual(unproved)
    expect(idsIn(found, 'not_applicable')).toEqual([])
  },
)

test('a store in PostgreSQL makes what speaks of files not applicable', async () => {
  await using place = await StorePlace.make()
  const deployment = place.deployment({ store: 'postgres://nobody@127.0.0.1:1/none' })
  const files = Object.entries(DATA).filter(([id]) =>
    /^store\/(?:place|mode|disk|integrity)/.test(id),
  )
  const found = await lookAll(Object.fromEntries(files), UNITS, deployment)
  expect(idsIn(found, 'not_applicable')).toEqual(files.map(([id]) => id).sort())
})

test('the finding of a copy that differs names the file and the folder', async () => {
  await using place = await StorePlace.make()
  const { here, copy } = await place.newest()
  await rm(copy)
  const found = await lookAll(LOOKED_AT, ['backups'], place.deployment())
  expect(textOf(found, 'backups/offsite')).toBe(`${basename(here)} is missing in ${place.offsite}`)
})

/** The same in what `checklist.backups` says. */
function expected(place: StorePlace) {
  return { folder: './backups', every: '26h', keep: '30d', offsite: place.offsite }
}

async function sqliteFile(folder: string): Promise<Buffer> {
  const path = join(folder, 'plain.db')
  using database = new DatabaseSync(path)
  database.exec('create table things (text); insert into things values (zeroblob(20000))')
  return readFile(path)
}

test('copies in memory fail, and whole ones on another disk of this machine are not said to be elsewhere [check/backups/offsite]', async () => {
  await using place = await StorePlace.make()
  const deployment = await place.deployment()
  const states = await Promise.all(
    [DATA['backups/offsite'], offsiteProbe(async () => 'disk')].map((probe) =>
      look(probe, deployment),
    ),
  )
  expect(states.map(({ state, evidence }) => [state, evidence[0]?.text])).toEqual([
    ['failed', `${place.offsite} lies in memory`],
    ['unproved', expect.stringContaining('a disk of this machine as far as can be seen')],
  ])
})
