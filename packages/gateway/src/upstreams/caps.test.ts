import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { applyCaps, findMissingCap } from './caps.ts'
import { ensureDelegated } from './caps-delegation.ts'
import { findCgroupHome } from './caps-folders.ts'
import { CapsGroups } from './caps-group.ts'

const NONE = {
  ...{ memoryBytes: undefined, processes: undefined, openFiles: undefined, cpuMs: undefined },
}
const GROUPS = new CapsGroups({ gatewayId: 'g', instanceId: 'i' }, { self: '/nowhere' })
const CHILD = {
  plan: { file: 'node', args: ['x.js'], verbatim: false },
  environment: { PATH: path.dirname(process.execPath) },
  cwd: '/',
}

/** A folder with these files, as a stand-in for parts of the kernel's. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-caps-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
  return folder
}

test('a child without caps is started as it is', async () => {
  const world = { groups: GROUPS, environment: {}, platform: 'linux' } as const
  for (const caps of [undefined, NONE]) {
    expect((await applyCaps(CHILD, caps, world)).plan).toBe(CHILD.plan)
  }
})

test.each([
  ['memory', { memoryBytes: 1 }, 'a writable cgroup with the memory controller'],
  ['processes', { processes: 1 }, 'a writable cgroup with the pids controller'],
  ['openFiles', { openFiles: 16 }, '`prlimit` of util-linux'],
  ['cpuTime', { cpuMs: 1_000 }, '`prlimit` of util-linux'],
])('where the host has nothing for caps.%s, that is said', async (cap, caps, needs) => {
  const world = { groups: GROUPS, environment: {}, platform: 'darwin' } as const
  const missing = await findMissingCap({ ...NONE, ...caps }, world)
  expect(missing).toContain(`caps.${cap} needs ${needs}`)
  await expect(applyCaps(CHILD, { ...NONE, ...caps }, world)).rejects.toMatchObject({
    ...{ code: 'caps_unavailable', message: missing, outcome: 'not_sent' },
  })
})

const V1 = [
  '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '39 31 0:36 /docker/abc /sys/fs/cgroup/with\\040blank rw - cgroup cgroup rw,cpu,pids',
  '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
].join('\n')

test('groups of the first version are made below that of this process, whatever of the hierarchy is mounted', async () => {
  const self = folderWith({
    mountinfo: V1,
    cgroup: '8:cpu,pids:/docker/abc/x\n4:memory:/jobs/one\n0::/\n',
  })
  expect(await findCgroupHome('memory', { self })).toEqual({
    ...{ version: 1, folder: '/sys/fs/cgroup/memory/jobs/one' },
  })
  expect(await findCgroupHome('pids', { self })).toEqual({
    ...{ version: 1, folder: '/sys/fs/cgroup/with blank/x' },
  })
})

test('a group outside of what is mounted is not left for one of somebody else', async () => {
  const mountinfo = '39 31 0:36 /docker/abc /cg rw - cgroup cgroup rw,pids'
  const self = folderWith({ mountinfo, cgroup: '8:pids:/docker/other\n' })
  expect(await findCgroupHome('pids', { self })).toEqual({ version: 1, folder: '/cg' })
})

test('groups of the second version are made beside the one a gateway was moved to', async () => {
  const mountinfo = '41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate'
  for (const group of ['/system.slice/s.service', '/system.slice/s.service/sallyport-gateway']) {
    const self = folderWith({ mountinfo, cgroup: `0::${group}\n` })
    expect(await findCgroupHome('pids', { self })).toEqual({
      ...{ version: 2, folder: '/sys/fs/cgroup/system.slice/s.service' },
    })
  }
})

test('a host without control groups has no place for them', async () => {
  for (const files of [{}, { mountinfo: V1, cgroup: '' }, { mountinfo: '', cgroup: '0::/\n' }]) {
    expect(await findCgroupHome('memory', { self: folderWith(files) })).toBeUndefined()
  }
})

test('a controller that is not handed down to a group cannot bound its children', async () => {
  const handed = { 'cgroup.controllers': 'cpu memory\n', 'cgroup.subtree_control': 'memory\n' }
  expect(await ensureDelegated(folderWith(handed), 'memory')).toBe(true)
  expect(await ensureDelegated(folderWith(handed), 'pids')).toBe(false)
  expect(await ensureDelegated(folderWith({}), 'memory')).toBe(false)
})

test('leftovers are those of this gateway whose process is gone, and no others', async () => {
  const folder = folderWith({})
  const self = folderWith({
    mountinfo: `1 1 0:1 / ${folder} rw - cgroup cgroup rw,pids`,
    cgroup: '8:pids:/\n',
  })
  const made = (gatewayId: string, instanceId: string): CapsGroups =>
    new CapsGroups({ gatewayId, instanceId }, { self })
  const own = made('g', 'now')
  expect(await own.can('processes')).toBe(true)
  expect(await own.removeLeftovers([])).toEqual([])
  const name = (gatewayId: string, instanceId: string): string =>
    made(gatewayId, instanceId).nameOf(1)
  const names = [name('g', 'dead'), name('g', 'alive'), name('g', 'now'), name('other', 'dead')]
  for (const each of [...names, 'user.slice']) mkdirSync(path.join(folder, each))
  const left = (): string[] => readdirSync(folder).toSorted()
  const [dead = '', alive = ''] = names
  expect(await own.removeLeftovers(['alive'])).toEqual([])
  expect(left()).toEqual([...names, 'user.slice'].filter((each) => each !== dead).toSorted())
  // One that cannot be removed is told, and keeps nobody from starting.
  writeFileSync(path.join(folder, alive, 'stuck'), '')
  expect(await own.removeLeftovers([])).toEqual([path.join(folder, alive)])
})
