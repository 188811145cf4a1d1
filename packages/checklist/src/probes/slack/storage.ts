import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { judged, proved, type Seen, unproved } from '../../answers/answer.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'
import { countOf, someOf } from '../needs.ts'
import { slackProbe } from './slack-probe.ts'

const SQLITE = 'sqlite:'
const FILES_MAX = 1_000
const LOG_BYTES = 16 * 1024 ** 2
const FILE_BYTES_MAX = 64 * 1024 ** 2
/** Bot, user, app and refresh tokens. Source: Slack, "Token types". */
export const SLACK_TOKEN = /\bxox[abeprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}/

/** Installations outlive the process. */
export const storage = slackProbe(
  {
    title: 'Installations are kept in a store that lasts, and those that tokens need are there',
    remedy:
      'set SALLYPORT_STORE (`store`) to a file on a volume that lasts, or to PostgreSQL, and install again',
  },
  async ({ view }) => {
    const all = await view.teams()
    if (all.length === 0 && view.boundTeams.length > 0) {
      const text = `the store is empty, while tokens are bound to ${someOf(view.boundTeams)}: was it lost in a restart?`
      return judged([{ kind: 'database', text }], [])
    }
    if (!view.store.startsWith(SQLITE)) {
      return proved({
        kind: 'database',
        text: `${countOf(all.length, 'installation')} in PostgreSQL`,
      })
    }
    const file = view.store.slice(SQLITE.length)
    const found = await stat(file).catch(() => undefined) // its absence is what is looked for
    if (found === undefined)
      return unproved('file', `${file} is not there yet: nothing was installed`)
    return proved({ kind: 'file', text: `${countOf(all.length, 'installation')} in ${file}` })
  },
)

/** Who reads the disk reads no token. */
export const encrypted = slackProbe(
  {
    title: 'No file beside the store holds a token of Slack in the clear',
    remedy:
      'remove those files and rotate the tokens: `sallyport slack remove`, then install again',
  },
  async ({ view }) => {
    if (!view.store.startsWith(SQLITE)) {
      return proved({
        kind: 'claim',
        text: 'tokens are sealed before they reach PostgreSQL (slack/installations/sealed)',
      })
    }
    const folder = dirname(view.store.slice(SQLITE.length))
    const entries = await readdir(folder, { withFileTypes: true })
    const all = entries.filter((entry) => entry.isFile())
    const files = all.slice(0, FILES_MAX)
    const left = all.slice(FILES_MAX).map(({ name }) => name)
    const faults: Seen[] = []
    for (const { name } of files) {
      const file = join(folder, name)
      if ((await stat(file)).size > FILE_BYTES_MAX) {
        left.push(name)
        continue
      }
      if (SLACK_TOKEN.test(await readFile(file, 'latin1'))) {
        faults.push({ kind: 'file', text: `${file} holds a token of Slack in the clear` })
      }
    }
    if (faults.length === 0 && left.length > 0) {
      const text = `not looked into, as they are too large or too many: ${someOf(left)} of ${folder}`
      return unproved('file', text, 'look for `xox` in them, and attest it')
    }
    return judged(faults, [
      { kind: 'file', text: `looked into ${files.length} files of ${folder}` },
    ])
  },
)

/** Its log is one of production. */
export const debug = slackProbe(
  {
    title: 'The Slack server does not log at level debug, and its log holds no token of Slack',
    remedy: 'set LOG_LEVEL to info, and rotate every token that was logged',
  },
  async ({ view, deployment }, signal) => {
    const faults: Seen[] = []
    if (/^(?:debug|trace)$/.test(view.logLevel))
      faults.push({ kind: 'config', text: `its log level is ${view.logLevel}` })
    const { logs = [] } = deployment.settings
    for (const path of logs) {
      const file = resolve(deployment.folder, path)
      const { text, missing } = await readText(file, signal, { bytesMax: LOG_BYTES, tail: true })
      if (text === undefined) return unproved('log', `${path} ${MISSING_TEXT[missing]}`)
      if (SLACK_TOKEN.test(text))
        faults.push({ kind: 'log', text: `${path} holds a token of Slack` })
    }
    if (faults.length === 0 && logs.length === 0) {
      return unproved(
        'log',
        'no log is named that could be looked at',
        'name the log files under `checklist.logs`',
      )
    }
    return judged(faults, [
      {
        kind: 'log',
        text: `level ${view.logLevel}; looked into the newest 16 MiB of ${logs.length} logs`,
      },
    ])
  },
)
