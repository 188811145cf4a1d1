import { basename, dirname, extname } from 'node:path'
import {
  failed,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts } from '../../looks/compose.ts'
import { deploymentFiles, type FoundFile } from '../../looks/files.ts'
import { readHead, readSmall } from '../../looks/read-small.ts'
import { isPrivateKey, secretFiles } from '../../looks/secret-files.ts'
import { foldersGap, lookGap } from './look-gap.ts'

const OTHERS = 0o077
const SHOWN_MAX = 20

/** Only the owner reads a secret. */
export const filesSecretModes: Probe = {
  kind: 'probe',
  title: 'Files with secrets can be read by their owner alone',
  remedy: 'run `chmod 600` on them',
  look: async (deployment, signal) => {
    const { files } = await secretFiles(deployment, signal)
    // Modes of what the platform lays down are its own.
    const there = files.filter(
      ({ found, isLaidDown }) => found?.kind === 'file' && isLaidDown !== true,
    )
    const open = there.filter(({ found }) => ((found?.mode ?? 0) & OTHERS) !== 0)
    if (open.length > 0) {
      const faults = open.map(({ name, why, found }): Seen => {
        return { kind: 'file', text: `${name} has mode ${octal(found?.mode)}, and ${why}` }
      })
      const names = open.slice(0, 10).map(({ name }) => name)
      return failed(faults, `run \`chmod 600 ${names.join(' ')}\``)
    }
    const gap = await lookGap(deployment, signal)
    if (gap !== undefined) return gap
    const lost = files.find(({ named, found }) => named !== undefined && found === undefined)
    if (lost !== undefined) {
      const text = `${lost.name}, which ${lost.named} names, is not there or cannot be seen`
      return unproved('file', text, 'write that file, or run the check as a user who may see it')
    }
    if (there.length === 0) return notApplicable('no file of this deployment holds a secret')
    const seen = there.slice(0, 40).map(({ name, found }) => `${name} (${octal(found?.mode)})`)
    return proved({ kind: 'file', text: `only their owner reads ${seen.join(', ')}` })
  },
}

/** Nobody else changes what is run. */
export const filesModes: Probe = {
  kind: 'probe',
  title: 'Nobody but its owner can change a file of the deployment',
  remedy: 'run `chmod go-w` on them',
  look: async (deployment, signal) => {
    const { entries } = await deploymentFiles(deployment, signal)
    const open = entries.filter(canOthersChange)
    if (open.length > 0) {
      const faults = open.slice(0, SHOWN_MAX).map(({ name, mode }): Seen => {
        const who = (mode & 0o002) === 0 ? 'its group' : 'everybody'
        return { kind: 'file', text: `${name} (${octal(mode)}) can be changed by ${who}` }
      })
      if (open.length > SHOWN_MAX) {
        faults.push({ kind: 'file', text: `and ${open.length - SHOWN_MAX} more` })
      }
      const names = open.slice(0, 10).map(({ name }) => name)
      return failed(faults, `run \`chmod go-w ${names.join(' ')}\``)
    }
    const gap = await foldersGap(deployment, signal)
    const text = `none of ${entries.length} files and folders can be changed by others`
    return gap ?? proved({ kind: 'file', text })
  },
}

/** Whether anybody but its owner can change a file or a folder. */
export function canOthersChange({
  kind,
  mode,
  uid,
  gid,
}: Pick<FoundFile, 'kind' | 'mode' | 'uid' | 'gid'>): boolean {
  if (kind !== 'file' && kind !== 'folder') return false
  // In a sticky folder others change only what is their own.
  const isSticky = kind === 'folder' && (mode & 0o1000) !== 0
  if ((mode & 0o002) !== 0) return !isSticky
  // A group with the number of its user is that user alone, as most distributions make them.
  return (mode & 0o020) !== 0 && uid !== gid
}

function octal(mode = 0): string {
  return (mode & 0o7777).toString(8).padStart(3, '0')
}

const HISTORY =
  /^\.(?:bash|zsh|sh|ash|ksh|csh|tcsh|python|node_repl|psql|mysql|mariadb|sqlite|rediscli|mongo|irb|php)_?history$|^\.(?:histfile|dbshell|viminfo|lesshst|wget-hsts)$|^fish_history$/
const SHELL_SNAPSHOT = /\/shell-snapshots\/[^/]+\.(?:ba|z|da|k)?sh$/
const TRANSCRIPT_NAME =
  /^(?:typescript|.*\.cast|\.aider\..*history.*)$|(?:^|[-_.])(?:transcripts?|chat[-_]?(?:logs?|history|exports?)|conversations?)(?:[-_.]|$)/i
const TRANSCRIPT_ENDS: ReadonlySet<string> = new Set([
  '.md',
  '.txt',
  '.json',
  '.jsonl',
  '.html',
  '.log',
  '.cast',
  '',
])
const CORE =
  /^core(?:\.\d+)?$|^vgcore\.\d+$|\.(?:core|dmp|heapsnapshot|hprof)$|^hs_err_pid\d+\.log$/
const SSH_KEY = /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/
const KEY_ENDS: ReadonlySet<string> = new Set(['.key', '.pem', '.ppk'])

/** What people leave behind while they work. */
export const filesNoTranscripts: Probe = {
  kind: 'probe',
  title: 'No shell history, transcript, core dump or stray private key is in the deployment',
  remedy: 'remove the file, and renew whatever secret stands in it',
  look: async (deployment, signal) => {
    const { entries } = await deploymentFiles(deployment, signal)
    const faults: Seen[] = []
    let named: string | undefined
    for (const entry of entries) {
      signal.throwIfAborted()
      const left = await leftover(entry)
      if (left === 'a private key') {
        named ??= await wiring(deployment, signal)
        if (named.includes(basename(entry.path))) continue
        faults.push({ kind: 'file', text: `${entry.name} is a private key that nothing names` })
      } else if (left !== undefined) {
        faults.push({ kind: 'file', text: `${entry.name} is ${left}` })
      }
    }
    if (faults.length > 0) {
      const [first] = faults
      const remedy = `remove ${first?.text.split(' is ')[0]}, and renew whatever secret stands in it`
      return failed(faults.slice(0, 40), remedy)
    }
    const gap = await foldersGap(deployment, signal)
    const text = `none of ${entries.length} files is a shell history, transcript, core dump or stray private key`
    return gap ?? proved({ kind: 'file', text })
  },
}

/** What a file is that should not be there; undefined = nothing of that kind. */
async function leftover({ path, kind, size }: FoundFile): Promise<string | undefined> {
  if (kind !== 'file' || size === 0) return undefined
  const name = basename(path)
  if (HISTORY.test(name)) return 'a shell history'
  if (SHELL_SNAPSHOT.test(path)) return 'what a shell had as variables and functions'
  if (CORE.test(name)) return (await isCore(path)) ? 'a core dump' : undefined
  if (SSH_KEY.test(name)) return 'a private key of SSH'
  if (KEY_ENDS.has(extname(name))) return (await isPrivateKey(path)) ? 'a private key' : undefined
  if (name.endsWith('.jsonl')) return (await isTranscript(path)) ? 'a transcript' : undefined
  const end = extname(name).toLowerCase()
  return TRANSCRIPT_NAME.test(name) && TRANSCRIPT_ENDS.has(end) ? 'a transcript' : undefined
}

async function isCore(path: string): Promise<boolean> {
  if (!/^(?:vg)?core/.test(basename(path))) return true
  // A folder of sources may well have a file called core.
  const head = await readHead(path, 20)
  return head !== undefined && head.startsWith('\x7fELF') && head.charCodeAt(16) === 4
}

/** Lines of a conversation between a person and a model. */
async function isTranscript(path: string): Promise<boolean> {
  const head = await readHead(path, 16_384)
  return head !== undefined && /"role"\s*:\s*"(?:user|assistant|human|system)"/.test(head)
}

/** Text of everything that may name the file of a key. */
async function wiring(deployment: Deployment, signal: AbortSignal): Promise<string> {
  const { entries } = await deploymentFiles(deployment, signal)
  const { files } = await composeFacts(deployment, signal)
  const texts = entries.filter(({ path, kind }) => kind === 'file' && isWiring(path))
  const paths = new Set([deployment.file, ...files, ...texts.map(({ path }) => path)])
  const read = await Promise.all([...paths].slice(0, 500).map(readSmall))
  return read.flatMap((one) => ('text' in one ? [one.text] : [])).join('\n')
}

function isWiring(path: string): boolean {
  const name = basename(path)
  if (/^(?:Caddyfile|\.env.*|Dockerfile.*)$/.test(name)) return true
  if (/\.(?:ya?ml|conf|service|env|toml|cfg|ini|caddy)$/.test(name)) return true
  return /^(?:sites-(?:available|enabled)|conf\.d)$/.test(basename(dirname(path)))
}
