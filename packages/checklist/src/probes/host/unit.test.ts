import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { at, COMPOSE, type Given } from '../../../test/fixtures/host.ts'
import type { StandInAnswer } from '../../../test/fixtures/stand-in.ts'
import { readUnit } from '../../looks/systemd-units.ts'
import { boot } from './boot.ts'
import { unitFaults } from './judge-unit.ts'
import { unit } from './unit.ts'

const UNIT = `[Unit]
Description=Sallyport
[Service]
ExecStart=/bin/sh -c \\
  "exit 0"
Restart=on-failure
User=nobody
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=yes
[Install]
WantedBy=multi-user.target
`
const enabled = (name: string, out: string, code = 0) => ({ when: `is-enabled ${name}`, out, code })

test('what runs this must be enabled [check/host/boot]', async () => {
  const systemctl = (...answers: StandInAnswer[]): Given => ({
    commands: { systemctl: answers, docker: [] },
    files: { 'compose.yaml': COMPOSE },
    profile: 'compose',
  })
  expect(await at(boot, systemctl(enabled('docker.service', 'enabled\n')))).toBe(
    'proved: systemctl is-enabled docker.service: enabled',
  )
  expect(await at(boot, systemctl(enabled('docker.service', 'disabled\n', 1)))).toBe(
    'failed: systemctl is-enabled docker.service: disabled',
  )
  expect(await at(boot, systemctl({ when: '*', err: 'Failed\n', code: 1 }))).toBe(
    'unproved: systemctl knows no docker.service, so nothing tells what starts docker',
  )
  expect(await at(boot, { profile: 'compose' })).toBe(
    'unproved: the command `systemctl` is not on the PATH',
  )
  const files = { 'gate.service': UNIT }
  const missing = { when: '*', err: 'Failed to get unit file state\n', code: 1 }
  expect(await at(boot, { files, commands: { systemctl: [missing] } })).toBe(
    'failed: systemctl is-enabled gate.service: not installed',
  )
  const bySocket = [enabled('gate.socket', 'enabled\n'), enabled('gate.service', 'disabled\n', 1)]
  expect(await at(boot, { files, commands: { systemctl: bySocket } })).toBe(
    'proved: systemctl is-enabled gate.socket: enabled',
  )
  expect(await at(boot)).toBe(
    'unproved: no unit of systemd is found, so nothing is known to start this',
  )
})

const BROKEN_UNITS: readonly (readonly [from: string, to: string, fault: string])[] = [
  [
    'Restart=on-failure\n',
    '',
    'gate.service:1: `Restart=no`: nothing starts it again after it ends',
  ],
  [
    'Restart=on-failure',
    'Restart=no',
    'gate.service:6: `Restart=no`: nothing starts it again after it ends',
  ],
  ['User=nobody\n', '', 'gate.service:1: runs as root: no `User=`'],
  ['User=nobody', 'User=root', 'gate.service:7: runs as root: no `User=`'],
  ['NoNewPrivileges=yes\n', '', 'gate.service:1: no `NoNewPrivileges=yes`'],
  ['ProtectSystem=strict', 'ProtectSystem=no', 'gate.service:10: no `ProtectSystem=strict`'],
  [
    'User=nobody',
    'User=nobody\nTimeoutStopSec=1',
    'gate.service:8: `TimeoutStopSec=1` is shorter than the 10000 ms that stopping may take',
  ],
]

test.each(BROKEN_UNITS)(
  'a unit with %j as %j has exactly that fault [check/systemd/unit]',
  (from, to, fault) => {
    const settings = readUnit(UNIT.replace(from, to))
    const own = { name: 'gate.service', path: '/gate.service', label: 'gate.service', settings }
    expect(unitFaults(own, 10_000)).toEqual([{ kind: 'file', text: fault }])
  },
)

test('our own unit has no fault [check/systemd/unit]', async () => {
  const path = join(import.meta.dirname, '../../../../../deploy/systemd/sallyport.service')
  const settings = readUnit(await readFile(path, 'utf8'))
  expect(unitFaults({ name: 'sallyport.service', path, label: 'x', settings }, 50_000)).toEqual([])
})

test('a unit is proved only where systemd accepts it [check/systemd/unit]', async () => {
  const files = { 'gate.service': UNIT }
  const ok = { 'systemd-analyze': [{ when: 'verify *' }] }
  expect(await at(unit, { files, commands: ok })).toBe(
    'proved: gate.service: restarts, is confined, and systemd accepts it',
  )
  const err =
    '/etc/systemd/system/other.service:3: Unknown key\ngate.service: Command /opt/x is not executable\n'
  const bad = { 'systemd-analyze': [{ when: 'verify *', err, code: 1 }] }
  expect(await at(unit, { files, commands: bad })).toBe(
    'failed: systemd-analyze verify: gate.service: Command /opt/x is not executable',
  )
  const none = {
    'systemd-analyze': [
      { when: 'verify *', err: 'Failed to initialize manager: No such file\n', code: 1 },
    ],
  }
  expect(await at(unit, { files, commands: none })).toBe(
    'unproved: `systemd-analyze verify` did not read gate.service: Failed to initialize manager: No such file',
  )
  expect(await at(unit, { files })).toBe(
    'unproved: the command `systemd-analyze` is not on the PATH',
  )
  expect(await at(unit, { source: { checklist: { units: ['none.service'] } } })).toBe(
    'unproved: none.service is not there',
  )
  expect(await at(unit)).toMatch(/^unproved: no unit of systemd is found/)
  expect(await at(unit, { files: { 'compose.yaml': COMPOSE } })).toMatch(
    /^not_applicable: docker starts/,
  )
})
