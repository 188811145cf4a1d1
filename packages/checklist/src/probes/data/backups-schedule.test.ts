import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deploymentOf, look, Place } from '../../../test/fixtures/deployment.ts'
import { inCronOf } from '../../looks/backups/schedules.ts'
import { backupsSchedule } from './backups-schedule.ts'

const BACKUPS = { checklist: { backups: { folder: './backups', every: '26h' } } }
const SERVICE = '[Service]\nExecStart=/usr/bin/pg_dump -f /backups/all.dump\n'

test.each([
  ['a line of cron', { 'deploy/backup.cron': '0 3 * * * root pg_dump x | age -r y > z\n' }],
  ['a timer', { 'night.timer': '[Timer]\nOnCalendar=daily\n', 'night.service': SERVICE }],
  [
    'a service with a schedule',
    {
      'compose.yaml':
        'services:\n  backup:\n    image: example/postgres-backup\n    restart: always\n    environment: { SCHEDULE: "@daily" }\n',
    },
  ],
  [
    'a service that sleeps between two',
    {
      'compose.yaml':
        'services:\n  dump:\n    image: postgres:16\n    restart: always\n    command: sh -c "while true; do pg_dump; sleep 86400; done"\n',
    },
  ],
])('%s that makes a backup each day is proved [check/backups/schedule]', async (_name, files) => {
  await using place = await Place.make(files)
  const found = await look(backupsSchedule, deploymentOf(place.folder, BACKUPS))
  expect(found).toMatchObject({
    state: 'proved',
    evidence: [{ text: expect.stringContaining('every 24 h') }],
  })
})

test.each([
  ['a line of cron each week', { crontab: '0 3 * * 0 root pg_dump x\n' }, 'runs every 7 d'],
  [
    'a timer each month',
    { 'a.timer': '[Timer]\nOnCalendar=monthly\n', 'a.service': SERVICE },
    'runs every 31 d',
  ],
  [
    'a service that runs once',
    { 'compose.yaml': 'services:\n  dump:\n    image: postgres:16\n    command: pg_dump\n' },
    'runs once',
  ],
  [
    'a service of a profile',
    {
      'compose.yaml':
        'services:\n  dump:\n    image: postgres:16\n    command: pg_dump\n    profiles: [backup]\n    restart: always\n',
    },
    'is started by hand',
  ],
])('%s fails [check/backups/schedule]', async (_name, files, words) => {
  await using place = await Place.make(files)
  const found = await look(backupsSchedule, deploymentOf(place.folder, BACKUPS))
  expect(found).toMatchObject({
    state: 'failed',
    evidence: [{ text: expect.stringContaining(words) }],
  })
})

test('a timer that systemd says is disabled fails [check/backups/schedule]', async () => {
  const files = { 'night.timer': '[Timer]\nOnCalendar=daily\n', 'night.service': SERVICE }
  await using place = await Place.make(files)
  const command = await place.write('bin/systemctl', '#!/bin/sh\necho disabled\nexit 1\n')
  await chmod(command, 0o755)
  const variables = { PATH: `${join(place.folder, 'bin')}:/usr/bin:/bin` }
  const found = await look(backupsSchedule, deploymentOf(place.folder, BACKUPS, { variables }))
  expect(found).toMatchObject({ state: 'failed', evidence: [{ text: 'night.timer is disabled' }] })
})

test.each([
  ['nothing', {}],
  [
    'a server that is called backup',
    { 'compose.yaml': 'services:\n  search-backup:\n    image: example/search\n' },
  ],
  ['a line that is a comment', { crontab: '# 0 3 * * * root pg_dump x\n' }],
])('%s leaves it unproved [check/backups/schedule]', async (_name, files) => {
  await using place = await Place.make(files)
  const found = await look(backupsSchedule, deploymentOf(place.folder, BACKUPS))
  expect(found.state).toBe('unproved')
})

test('cron is read below its folder, and the upkeep of the system is none', async () => {
  await using place = await Place.make({
    'cron.daily/dpkg': '#!/bin/sh\ncp /var/lib/dpkg/status /var/backups\n',
    'cron.daily/ours': '#!/bin/sh\n# a comment\nrestic backup /data\n',
    'cron.d/night': 'MAILTO=root\n15 2 * * * root /usr/local/bin/backup.sh\n',
  })
  const { found } = await inCronOf(place.folder, Date.now())
  expect(found.map(({ where, gapMs }) => [where.slice(place.folder.length), gapMs])).toEqual([
    ['/cron.d/night:2', 86_400_000],
    ['/cron.daily/ours', 86_400_000],
  ])
})
