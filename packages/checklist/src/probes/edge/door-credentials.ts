import { callerSelf, ROUTES } from '@sallyport/contract/admin'
import { checkKey, refusals, withKey } from '../../looks/edge-answers.ts'
import { ask, type HttpAnswer, isAnswer, jsonOf } from '../../looks/exact-request.ts'
import { type Finding, type Probe, unproved } from '../../answers/answer.ts'
import { gatewayProbe, isRefusedInFront, judgeSaid, type Running, wantsStatus } from './said.ts'

/** Read routes that an ordinary caller has no business with, the most telling first. */
const ADMINISTRATION = ['keys.list', 'users.list', 'audit.list', 'config.status'] as const

export const unauthenticated: Probe = gatewayProbe(
  {
    title: 'Without a key MCP and the admin API answer 401 and say how to authenticate',
    remedy: 'set `auth.anonymous` to false, and let no proxy add a key of its own',
  },
  async ({ deployment, gateway }, signal) => {
    const { withoutKey } = await refusals(deployment, signal)
    return judgeSaid(withoutKey, (answer, request) => {
      const isDirect = request.includes(gateway.dataUrl) || request.includes(gateway.adminUrl)
      // Whatever a proxy asks for comes before the key.
      if (!isDirect && isRefusedInFront(answer)) return undefined
      const wrong = wantsStatus(401)(answer, request)
      if (wrong !== undefined) return wrong
      if (/^Bearer\b/i.test(answer.headers['www-authenticate'] ?? '')) return undefined
      return 'answers 401 without `WWW-Authenticate: Bearer`, so that clients do not know what is asked for'
    })
  },
)

export const badKey: Probe = gatewayProbe(
  {
    title: 'A key that is none answers 401',
    remedy: 'let nothing answer in place of the gateway',
  },
  async ({ deployment }, signal) =>
    judgeSaid((await refusals(deployment, signal)).badKey, wantsStatus(401)),
)

export const weakRole: Probe = gatewayProbe(
  {
    title: 'A key without the role for it answers 403 on the admin API',
    remedy: 'give keys the role `caller`, and let nothing answer in place of the gateway',
  },
  async (running, signal) => {
    const key = await checkKey(running.deployment, signal)
    const me = await ask(`${running.gateway.adminUrl}/api/v1/auth/me`, authorized(key), signal)
    const held = permissionsOf(me)
    const route = ADMINISTRATION.map((id) => ROUTES[id]).find(({ need }) => !held.includes(need))
    if (route === undefined) return almighty()
    return askAs(running, route.path, signal)
  },
)

async function askAs(running: Running, path: string, signal: AbortSignal): Promise<Finding> {
  const url = `${running.gateway.adminUrl}${path}`
  const reply = await ask(url, authorized(await checkKey(running.deployment, signal)), signal)
  return judgeSaid([{ request: `GET ${url} with a key that may not`, reply }], wantsStatus(403))
}

function authorized(key: { reveal(): string }): ReturnType<typeof withKey> {
  return withKey({}, key.reveal())
}

/** Nothing where it does not say: then the answer to the route tells. */
function permissionsOf(me: HttpAnswer | { readonly unreached: string }): readonly string[] {
  const parsed = isAnswer(me) ? callerSelf.safeParse(jsonOf(me)) : undefined
  return parsed?.data?.caller.permissions ?? []
}

function almighty(): Finding {
  return unproved(
    'http',
    'the key that was given may do everything, so that no refusal can be seen',
    'give a key of the role `caller`, or none: one is made for the run',
  )
}
