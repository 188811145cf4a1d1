import { expect, test } from 'vitest'
import { CONTAINERS } from '../../src/answers/containers.ts'
import { deploymentOf, look, Place } from '../fixtures/deployment.ts'

const UNIT = `[Unit]
Description=A gateway
[Service]
ExecStart=/bin/sh -c "exit 0"
Restart=on-failure
User=daemon
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=yes
[Install]
WantedBy=multi-user.target
`

async function judged(text: string) {
  await using place = await Place.make({ 'gate.service': text })
  return await look(CONTAINERS['systemd/unit'], deploymentOf(place.folder))
}

test('systemd itself accepts the unit, or its words are the finding [check/systemd/unit]', async () => {
  expect(await judged(UNIT)).toMatchObject({ state: 'proved' })
  const absent = await judged(UNIT.replace('/bin/sh', '/opt/absent/sallyport'))
  expect(absent.state).toBe('failed')
  expect(absent.evidence.map(({ text }) => text)).toEqual([
    expect.stringMatching(
      /^systemd-analyze verify: gate\.service: .*\/opt\/absent\/sallyport.*not executable/,
    ),
  ])
  const misspelt = await judged(UNIT.replace('[Install]', 'MemroyMax=1G\n[Install]'))
  expect(misspelt.evidence.map(({ text }) => text)).toEqual([
    expect.stringMatching(/gate\.service:11: Unknown key.*MemroyMax/),
  ])
})
