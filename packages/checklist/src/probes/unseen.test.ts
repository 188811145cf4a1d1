import { expect, test } from 'vitest'
import { familyFindings } from '../../test/fixtures/container-family.ts'
import { dockerAnswers, GOOD_COMPOSE } from '../../test/fixtures/compose-deployment.ts'
import { at, type Given } from '../../test/fixtures/host.ts'
import { logRotation } from './containers/log-rotation.ts'
import { running } from './containers/live.ts'
import { mounts } from './containers/mounts.ts'
import { disk } from './host/capacity.ts'
import { listening } from './host/listening.ts'

const compose = (text: string, files: Readonly<Record<string, string>> = {}): Given => ({
  profile: 'compose',
  files: { 'compose.yaml': `name: stack\nservices:\n${text}`, ...files },
})

test('settings of the daemon that cannot be read leave open how logs rotate [check/compose/log-rotation]', async () => {
  const files = { 'etc/docker/daemon.json/none': '' }
  expect(await at(logRotation, compose('  a: { image: "x:1" }\n', files))).toBe(
    'unproved: compose.yaml:3: the service a logs by json-file without `max-size` and `max-file`: its log grows without end, unless the daemon does: its file is no regular file',
  )
  const own = compose('  a: { image: "x:1", logging: { driver: local } }\n', files)
  expect(await at(logRotation, own)).toMatch(/^proved: /)
})

test('a mounted configuration that cannot be read leaves open what it names [check/compose/mounts]', async () => {
  const files = { 'n.conf': `#${'x'.repeat(1024 ** 2)}\n` }
  const service = '  n: { image: "nginx:1.27", volumes: ["./n.conf:/etc/nginx/nginx.conf"] }\n'
  expect(await at(() => mounts, compose(service, files))).toBe(
    'unproved: n.conf: the service n reads /etc/nginx/nginx.conf, which is too large to be read',
  )
})

test('where every service waits for a profile nothing is proved of what runs [check/compose/running]', async () => {
  const given = compose('  a: { image: "x:1", profiles: [tools] }\n')
  const commands = { docker: dockerAnswers({}, []) }
  expect(await at(() => running, { ...given, commands })).toBe(
    'unproved: no service of the compose files is started without being asked for',
  )
})

test('containers beyond what is looked at are not said to be missing [check/compose/running]', async () => {
  const ids = Array.from({ length: 201 }, (_, index) => `id-${index}\n`).join('')
  const commands = { docker: [{ when: 'ps *', out: ids }] }
  expect(await at(() => running, { ...compose('  a: { image: "x:1" }\n'), commands })).toBe(
    'unproved: a project has more than 200 containers, which are too many to look at',
  )
})

test('images and logs beyond what is looked at are named [check/images/no-secrets] [check/logs/present]', async () => {
  const many = Array.from({ length: 55 }, (_, index) => `  s${index}: { image: "x${index}:1" }\n`)
  const found = await familyFindings({
    files: {
      'compose.yaml': GOOD_COMPOSE.replace(
        'volumes:\n  state',
        `${many.join('')}volumes:\n  state`,
      ),
    },
  })
  expect(found['images/no-secrets']?.state).toBe('unproved')
  expect(found['images/no-secrets']?.evidence[0]?.text).toMatch(/^only 50 images are looked at/)
  expect(found['logs/present']?.evidence.map(({ text }) => text).join()).toContain(
    'only the logs of 30 of 59 services are read',
  )
})

test('a start that lies further back than what is read is not said to be clean [check/logs/clean-start]', async () => {
  const line = '2026-11-01T11:00:00.5Z {"level":"info","msg":"call"}\n'
  const found = await familyFindings({
    dockerFirst: [{ when: 'logs * id-gateway', out: line.repeat(2_000) }],
  })
  expect(found['logs/clean-start']?.state).toBe('unproved')
  expect(found['logs/clean-start']?.evidence[0]?.text).toBe(
    'the service gateway: its last start is further back than what is read of it',
  )
  expect(found['logs/no-auth-errors']?.evidence[0]?.text).toBe(
    'the service gateway: no failed authentication in the newest 2000 lines',
  )
})

test('sockets of IPv6 that cannot be read leave open what listens [check/host/listening]', async () => {
  const files = { 'proc/net/tcp': 'sl\n', 'proc/net/tcp6/none': '' }
  const source = { checklist: { ports: [] } }
  expect(await at(listening, { files, source })).toBe(
    'unproved: /proc/net/tcp6 is no regular file, so that only IPv4 is known',
  )
})

test('the disk of backups is that of their absolute path [check/host/disk]', async () => {
  const asked: string[] = []
  const read = (path: string) => {
    asked.push(path)
    return Promise.resolve({ bavail: path === '/srv/backups' ? 1 : 20 * 1024 ** 2, bsize: 1024 })
  }
  const backups = { folder: '/srv/backups', every: '1d', keep: '30d' }
  expect(await at(() => disk(read), { source: { checklist: { backups } } })).toBe(
    'failed: /srv/backups: 0.0 GiB free for backups',
  )
})
