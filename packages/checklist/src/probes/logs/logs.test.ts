import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '@sallyport/kit/clock'
import {
  citedIds,
  changed,
  type FamilyGiven,
  familyFindings,
  faultsOf,
} from '../../../test/fixtures/container-family.ts'
import { deploymentOf, look, Place } from '../../../test/fixtures/deployment.ts'
import { type StandInAnswer, standIn } from '../../../test/fixtures/stand-in.ts'
import { CONTAINERS } from '../../answers/containers.ts'
import { redactorOf } from '../../engine/redact.ts'

const IDS = Object.keys(CONTAINERS).filter(
  (id) => id.startsWith('logs/') || id.startsWith('images/'),
)
const TOKEN = '5f'.repeat(32)

/** The log of the database; other services keep theirs. */
const logged = (...lines: readonly string[]): FamilyGiven => ({
  dockerFirst: [
    {
      when: 'logs * id-db',
      out: lines.map((line) => `2026-11-01T10:00:02.5Z ${line}\n`).join(''),
    },
  ],
})
const ofGateway = (...lines: readonly string[]): FamilyGiven => ({
  dockerFirst: [
    {
      when: 'logs * id-gateway',
      out: lines.map((line) => `2026-11-01T10:00:02.5Z ${line}\n`).join(''),
    },
  ],
})

const BROKEN: readonly (readonly [name: string, given: FamilyGiven, faults: readonly string[]])[] =
  [
    [
      'a gateway that never wrote a line [check/logs/present]',
      ofGateway(),
      ['logs/present: the service gateway: nothing was ever written'],
    ],
    [
      'a warning at the start [check/logs/clean-start]',
      logged('10:00 LOG:  ready', '10:00 WARNING:  the disk is slow'),
      [
        'logs/clean-start: the service db:2: 2026-11-01T10:00:02.5Z 10:00 WARNING:  the disk is slow',
      ],
    ],
    [
      'a panic at the start [check/logs/clean-start]',
      ofGateway('{"level":"error","pid":1,"msg":"cannot open the store"}'),
      ['logs/clean-start: the service gateway:1: error cannot open the store'],
    ],
    [
      'a start that failed in a form of its own [check/logs/clean-start]',
      logged('Failed to bind to 0.0.0.0:5432'),
      ['logs/clean-start: the service db:1: 2026-11-01T10:00:02.5Z Failed to bind to 0.0.0.0:5432'],
    ],
    [
      'a failed authentication [check/logs/no-auth-errors] [check/logs/clean-start]',
      logged('FATAL:  password authentication failed for user "bot"'),
      [
        'logs/clean-start: the service db:1: 2026-11-01T10:00:02.5Z FATAL:  password authentication failed for user "bot"',
        'logs/no-auth-errors: the service db:1: 2026-11-01T10:00:02.5Z FATAL:  password authentication failed for user "bot"',
      ],
    ],
    [
      'a loop of restarts [check/logs/no-restart-loops]',
      logged(
        ...Array.from({ length: 4 }, () => 'LOG:  database system is ready to accept connections'),
      ),
      ['logs/no-restart-loops: the service db:1: more than 3 starts within 10 minutes'],
    ],
    [
      'a log with a secret of the deployment [check/logs/no-secrets]',
      logged('LOG:  got a-long-password-for-the-database'),
      ['logs/no-secrets: the service db:1: holds the value of secrets/db_password'],
    ],
    [
      'a log with what looks like a credential [check/logs/no-secrets]',
      logged(
        `LOG:  Authorization: Bearer ${'k'.repeat(40)}`,
        'LOG:  postgres://bot:hunter2hunter2@db/bot',
      ),
      [
        'logs/no-secrets: the service db:1: holds what looks like a credential',
        'logs/no-secrets: the service db:2: holds what looks like a credential',
      ],
    ],
    [
      'a gateway whose log is for people [check/logs/json]',
      ofGateway('10:00:02 INFO gateway listening'),
      ['logs/json: the service gateway:1: 2026-11-01T10:00:02.5Z 10:00:02 INFO gateway listening'],
    ],
    [
      'an image with a secret among its variables [check/images/no-secrets]',
      {
        dockerFirst: [
          {
            when: 'image inspect * postgres:16.4',
            out: `PATH=/bin\nAPI_TOKEN=${'q7'.repeat(16)}\n`,
          },
        ],
      },
      ['images/no-secrets: docker history: the image postgres:16.4 carries API_TOKEN'],
    ],
    [
      'an image whose layers were built with a secret [check/images/no-secrets]',
      {
        dockerFirst: [
          {
            when: 'history * stack-bot-alpha',
            out: `RUN |1 NPM_TOKEN=npm_${'a'.repeat(36)} /bin/sh -c npm ci\n`,
          },
        ],
      },
      ['images/no-secrets: docker history: the image stack-bot-alpha carries NPM_TOKEN'],
    ],
    [
      'a Dockerfile that sets and copies secrets [check/images/no-secrets]',
      {
        files: {
          'bot/Dockerfile':
            'FROM node:24.1.0\nENV DISCORD_TOKEN=abcdefghijklmnopqrstuvwx\nCOPY --chown=node .env /app/\nCOPY . .\nUSER node\n',
          'bot/.env': 'X=1\n',
        },
      },
      [
        'images/no-secrets: bot/Dockerfile:2: the service bot-alpha sets DISCORD_TOKEN in `ENV`',
        'images/no-secrets: bot/Dockerfile:3: the service bot-alpha copies .env into the image',
        'images/no-secrets: bot/Dockerfile:4: the service bot-alpha copies `.env` into the image, as `.dockerignore` does not name it',
      ],
    ],
    [
      'a build that is given a secret [check/images/no-secrets]',
      changed(
        '    build: ./bot\n',
        `    build: { context: ./bot, args: { API_KEY: ${'q7'.repeat(16)} } }\n`,
      ),
      [
        'images/no-secrets: compose.yaml:23: the service bot-alpha is built with API_KEY as an argument, which its layers keep',
      ],
    ],
  ]

test.each(BROKEN)(
  '%s makes exactly its items fail [check/images/no-secrets] [check/logs/no-secrets] [check/logs/json]',
  async (_name, given, faults) => {
    expect(faultsOf(await familyFindings(given))).toEqual(faults)
  },
)

test('every probe of logs and images has a broken copy that it fails', () => {
  expect(citedIds(BROKEN.map(([name]) => name))).toEqual([...IDS].sort())
})

test('no finding shows the secret that it found', async () => {
  const found = await familyFindings(
    logged(
      `LOG:  got ${TOKEN}`,
      'FATAL: unauthorized xoxb-1234567890-abcdefghij',
      'ERROR: login failed, password=hunter2 api_key: "k3y"',
    ),
  )
  expect(JSON.stringify(found)).not.toMatch(/xoxb-1234|hunter2|k3y/)
  expect(JSON.stringify([found['logs/no-secrets']])).not.toContain(TOKEN)
})

test('what happened before the last start, or days ago, or to callers, is no fault [check/logs/clean-start] [check/logs/no-auth-errors]', async () => {
  const before = '2026-11-01T09:59:57Z ERROR: out of memory\n2026-10-30T10:00:00Z FATAL: NOAUTH\n'
  const after =
    '2026-11-01T09:59:59Z {"level":"info","msg":"refused: unauthorized"}\n2026-11-01T10:30:00Z WARN: slow\n'
  const found = await familyFindings({
    dockerFirst: [{ when: 'logs * id-gateway', out: before + after }],
  })
  expect(faultsOf(found)).toEqual([
    'logs/json: the service gateway:4: 2026-11-01T10:30:00Z WARN: slow',
  ])
})

async function atFiles(
  files: Readonly<Record<string, string>>,
  {
    source = {},
    commands = {},
  }: { source?: unknown; commands?: Readonly<Record<string, readonly StandInAnswer[]>> } = {},
): Promise<string[]> {
  await using place = await Place.make(files)
  let path = join(place.folder, 'bin')
  for (const [command, answers] of Object.entries(commands))
    path = await standIn(place, command, answers)
  const clock = new ManualClock(Date.parse('2026-11-01T12:00:00Z'))
  const deployment = deploymentOf(place.folder, source, { variables: { PATH: path }, clock })
  const found: string[] = []
  for (const id of [
    'logs/present',
    'logs/clean-start',
    'logs/json',
    'logs/no-restart-loops',
  ] as const) {
    const { state, evidence } = await look(CONTAINERS[id], deployment)
    found.push(`${state}: ${evidence.map(({ text }) => text).join('; ')}`)
  }
  return found
}

const FILES = { checklist: { logs: ['logs/gateway.log'] } }

test('log files are read from the last process on; one that is not there is unproved [check/logs/present]', async () => {
  const line = (pid: number, level: string, msg: string) =>
    `${JSON.stringify({ level, time: '2026-11-01T10:00:00.000Z', pid, msg })}\n`
  const log = `plain\n${line(1, 'error', 'broken')}${line(2, 'info', 'gateway listening')}`
  expect(await atFiles({ 'logs/gateway.log': log }, { source: FILES })).toEqual([
    'proved: logs/gateway.log: 3 lines can be read',
    'proved: logs/gateway.log: no warning at the last start in 3 lines',
    'proved: logs/gateway.log: nothing but JSON in 3 lines',
    'proved: logs/gateway.log: no loop of restarts in 3 lines',
  ])
  const absent = 'unproved: logs/gateway.log is not there'
  expect(await atFiles({}, { source: FILES })).toEqual([absent, absent, absent, absent])
  const none = 'unproved: no log file, container or unit is known'
  expect(await atFiles({})).toEqual([none, none, none, none])
})

test('starts without times are unproved and not judged [check/logs/no-restart-loops]', async () => {
  const log = 'server started\n'.repeat(4)
  const found = await atFiles({ 'logs/gateway.log': log }, { source: FILES })
  expect(found[3]).toBe('unproved: logs/gateway.log: 4 starts, at times that its lines do not tell')
})

test('the journal of a unit is read from its last start on; without the right to it is unproved [check/logs/present]', async () => {
  const row = (run: string | undefined, text: string) =>
    `${JSON.stringify({ __REALTIME_TIMESTAMP: '1793527200000000', _SYSTEMD_INVOCATION_ID: run, MESSAGE: text })}\n`
  const journal =
    row('a', '{"level":"fatal","msg":"down"}') +
    row(undefined, 'gate.service: Scheduled restart job, restart counter is at 1.') +
    row('b', '{"level":"info","msg":"gateway listening"}') +
    row(undefined, 'Started gate.service.')
  const files = { 'gate.service': '[Service]\nExecStart=/bin/true\n' }
  const when = '--output json *--unit gate.service'
  expect(await atFiles(files, { commands: { journalctl: [{ when, out: journal }] } })).toEqual([
    'proved: the unit gate.service: 4 lines can be read',
    'proved: the unit gate.service: no warning at the last start in 4 lines',
    'proved: the unit gate.service: nothing but JSON in 4 lines',
    'proved: the unit gate.service: no loop of restarts in 4 lines',
  ])
  const hint = 'Hint: You are currently not seeing messages from other users and the system.\n'
  const forbidden = await atFiles(files, { commands: { journalctl: [{ when, err: hint }] } })
  expect(forbidden[0]).toBe('unproved: this user may not read the journal of gate.service')
  expect((await atFiles(files))[0]).toBe('unproved: the command `journalctl` is not on the PATH')
})

test('a line is shown without secrets, whatever characters they are of and wherever it is cut [check/logs/json]', async () => {
  const quotes = `q'Zt/9+8=;|&<b>Kx2%41`
  const long = 'Wm4'.repeat(20)
  const log = [
    `API_TOKEN="${quotes}"`,
    String.raw`OTHER_SECRET="li'ne\"x-Jk82=Zz1" ready`,
    `DB_PASS='two words 9Zq7'`,
    `${'.'.repeat(130)} ${long}`,
  ]
  await using place = await Place.make({ 'logs/gateway.log': log.join('\n') })
  const deployment = deploymentOf(place.folder, FILES)
  // Of the second, readers of environment files take what stands before its inner quote.
  for (const secret of [quotes, long, "li'ne\\"]) redactorOf(deployment).add(secret)
  const { evidence } = await look(CONTAINERS['logs/json'], deployment)
  const said = evidence.map(({ text }) => text).join('\n')
  expect(evidence).toHaveLength(4)
  expect(said).toContain('API_TOKEN=[redacted]')
  for (const part of ['Kx2%41', 'Zt/9', 'Jk82', '9Zq7', 'Wm4']) expect(said).not.toContain(part)
})
