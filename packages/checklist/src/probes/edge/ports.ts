import {
  failed,
  type Finding,
  judged,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { addresses } from '../../looks/edge-answers.ts'
import { type Exposure, exposure, reachOf } from '../../looks/exposure.ts'
import { ask, ASKS_CERTIFICATE, isAnswer, type Said } from '../../looks/exact-request.ts'
import { NO_CONFIG } from './listeners.ts'
import { gatewayProbe, isRefusedInFront } from './said.ts'

export const answer: Probe = gatewayProbe(
  {
    title: 'The gateway answers at its data address, its admin address and its public address',
    remedy: 'start what should answer there, or correct `listen`, `admin` and `publicUrl`',
  },
  async ({ deployment }, signal) => {
    const { data, admin, open } = addresses(deployment)
    const said: Said[] = []
    for (const url of [data, admin, ...(open === undefined ? [] : [open])]) {
      const reply = await ask(`${url}/health/live`, {}, signal)
      said.push({ request: `GET ${url}/health/live`, reply })
    }
    return judgeAnswers(said)
  },
)

/** Here silence is a fault: that it answers is what is asked. */
function judgeAnswers(said: readonly Said[]): Finding {
  const faults: Seen[] = []
  const good: Seen[] = []
  for (const { request, reply } of said) {
    if (!isAnswer(reply)) {
      const text = `${request}: ${reply.unreached}`
      if (reply.unreached === ASKS_CERTIFICATE) good.push({ kind: 'http', text })
      else faults.push({ kind: 'http', text })
    } else if (reply.status < 400 || isRefusedInFront(reply)) {
      good.push({ kind: 'http', text: `${request}: ${reply.status}` })
    } else faults.push({ kind: 'http', text: `${request}: answers ${reply.status}` })
  }
  return judged(faults, good)
}

export const declared: Probe = {
  kind: 'probe',
  title: 'The ports that others reach are those of `checklist.ports`',
  remedy: 'list in `checklist.ports` every port of this host that others may reach, and no other',
  look: async (deployment, signal) => {
    const known = await exposure(deployment, signal)
    if (known === undefined) return NO_CONFIG
    const { ports } = deployment.settings
    if (ports !== undefined) return judgePorts(known, ports)
    return openPorts(known).length > 0 ? undeclared() : judgePorts(known, [])
  },
}

function undeclared(): Finding {
  return unproved('config', '`checklist.ports` does not say which ports others may reach')
}

/** Whether the ports of the gateway and of its public address agree with what is declared. */
export function judgePorts(known: Exposure, ports: readonly number[]): Finding {
  const faults: Seen[] = []
  const good: Seen[] = []
  const open = openPorts(known)
  for (const { port, words } of open) {
    const isDeclared = ports.includes(port)
    if (isDeclared)
      good.push({ kind: 'config', text: `${words} takes port ${port}, which is declared` })
    else
      faults.push({
        kind: 'config',
        text: `${words} takes port ${port}, which is not in \`checklist.ports\``,
      })
  }
  for (const { key, port, reach } of known.published === undefined ? known.listeners : []) {
    if (reach !== 'loopback' || !ports.includes(port)) continue
    const text = `\`checklist.ports\` names ${port}, but \`${key}\` is bound to loopback there`
    faults.push({ kind: 'config', text })
  }
  if (faults.length === 0 && good.length === 0) {
    return judged([], [{ kind: 'config', text: 'no port of the gateway is open to others' }])
  }
  return faults.length > 0 ? failed(faults) : judged([], good)
}

function openPorts({ open, listeners, published }: Exposure): { port: number; words: string }[] {
  const found: { port: number; words: string }[] = []
  if (open !== undefined && reachOf(open.hostname) !== 'loopback') {
    const port = open.port === '' ? (open.protocol === 'https:' ? 443 : 80) : Number(open.port)
    found.push({ port, words: '`publicUrl`' })
  }
  for (const { key, port, reach } of published === undefined ? listeners : []) {
    if (reach !== 'loopback') found.push({ port, words: `\`${key}\`` })
  }
  for (const { address, published: port, at } of published ?? []) {
    if (reachOf(address) !== 'loopback' && port !== undefined)
      found.push({ port: Number(port), words: at })
  }
  return found
}
