import { gatewayStatus, healthBrief, healthDetail } from '@sallyport/contract/admin'
import { failed, type Finding, type Probe } from '../../answers/answer.ts'
import { type Deployment, fact, type Fact } from '../../deployment.ts'
import { addresses, checkKey, withKey } from '../../looks/edge-answers.ts'
import { ask, type HttpAnswer, jsonOf, type Said } from '../../looks/exact-request.ts'
import { both, gatewayProbe, judgeSaid, wantsStatus } from './said.ts'

const HUNG_REMEDY =
  'see its log and what its process does, then restart it: it ends by SIGTERM, or where it is stopped or hangs, by SIGKILL'
const KINDS = ['', '/live', '/ready', '/startup'] as const

/** Every health path of both listeners, asked without a key. */
const openly: Fact<readonly Said[]> = fact(async (deployment, signal) => {
  const said: Said[] = []
  for (const url of listenersOf(deployment)) {
    for (const kind of KINDS) said.push(await tell(`${url}/health${kind}`, 'without a key', signal))
  }
  return said
})

const answering = gatewayProbe(
  {
    title:
      'Health says 200 while the gateway lives, has started and takes calls, and nothing else does',
    remedy:
      'see `sallyport health` and `sallyport servers list` for what keeps it from taking calls',
  },
  async ({ deployment, gateway }, signal) => {
    const status = await gateway.read(gatewayStatus, '/api/v1/status', signal)
    const asked = judgeSaid(await openly(deployment, signal), (answer, request) => {
      const kind = /\/health(?:\/(\w+))?/.exec(request)?.[1] ?? 'health'
      return healthFault(answer, kind, status.phase === 'running' && status.store.writable)
    })
    // What is always well says nothing.
    const beside = await Promise.all(
      listenersOf(deployment).map((url) =>
        tell(`${url}/health/sallyport-check`, 'that does not exist', signal),
      ),
    )
    return both(asked, judgeSaid(beside, wantsStatus(401, 404)))
  },
)

export const endpoints: Probe = {
  ...answering,
  look: async (deployment, signal) =>
    deployment.hung === undefined
      ? answering.look(deployment, signal)
      : failed([{ kind: 'gateway', text: deployment.hung }], HUNG_REMEDY),
}

function healthFault(answer: HttpAnswer, kind: string, works: boolean): string | undefined {
  const { status } = answer
  const parsed = healthBrief.loose().safeParse(jsonOf(answer))
  if (status !== 200 && status !== 503) return `answers ${status}, which is neither 200 nor 503`
  if (!parsed.success) return `answers ${status} without saying its \`status\``
  if ((parsed.data.status === 'ok') !== (status === 200)) {
    return `answers ${status} and says \`${parsed.data.status}\``
  }
  if (status === 503) return `answers 503: ${kind === 'live' ? 'it hangs' : 'it takes no calls'}`
  return works || kind === 'live' || kind === 'startup'
    ? undefined
    : 'answers 200 although the gateway says that it takes no calls'
}

export const closedDetail: Probe = gatewayProbe(
  {
    title: 'Without a key health says nothing but the verdict; with one it names the servers',
    remedy: 'set `auth.anonymous` to false, and let nothing answer in place of the gateway',
  },
  async ({ deployment }, signal) => {
    const { open } = addresses(deployment)
    const more = open === undefined ? [] : [await tell(`${open}/health`, 'without a key', signal)]
    const closed = judgeSaid([...(await openly(deployment, signal)), ...more], (answer) => {
      const extra = Object.keys(Object(jsonOf(answer))).filter((key) => key !== 'status')
      return extra.length === 0 ? undefined : `tells ${extra.slice(0, 5).join(', ')} to anybody`
    })
    return both(closed, await detailOf(deployment, signal))
  },
)

async function detailOf(deployment: Deployment, signal: AbortSignal): Promise<Finding> {
  const key = await checkKey(deployment, signal)
  const url = `${addresses(deployment).data}/health`
  const reply = await ask(url, withKey({}, key.reveal()), signal)
  return judgeSaid([{ request: `GET ${url} with a key`, reply }], (answer) =>
    healthDetail.safeParse(jsonOf(answer)).success ? undefined : 'does not name the servers',
  )
}

async function tell(url: string, words: string, signal: AbortSignal): Promise<Said> {
  return { request: `GET ${url} ${words}`, reply: await ask(url, {}, signal) }
}

function listenersOf(deployment: Deployment): readonly string[] {
  const { data, admin } = addresses(deployment)
  return [data, admin]
}
