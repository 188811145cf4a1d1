import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import {
  failed,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment, GatewayView } from '../../deployment.ts'
import { auditRows } from '../../looks/gateway.ts'
import { countOf, withGateway } from '../needs.ts'

const WEEK_MS = 7 * 86_400_000

/** A harmless call of a server or group. */
export interface HarmlessCall {
  /** Name of the server or group. */
  readonly owner: string
  /** `<server>__<tool>`. */
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** The calls that may be made without asking: those declared for drills, else those of health checks. */
function harmlessCalls({ settings, config }: Deployment): HarmlessCall[] {
  const declared = Object.entries(settings.drills.calls).map(
    ([owner, { tool, arguments: args }]) => {
      return { owner, name: `${owner}__${tool}`, arguments: args }
    },
  )
  const known = new Set(declared.map(({ owner }) => owner))
  const ofHealth = Object.values(config?.servers ?? {}).flatMap(({ name, health: { call } }) =>
    call === undefined || known.has(name)
      ? []
      : [{ owner: name, name: `${name}__${call.tool}`, arguments: call.arguments }],
  )
  return [...declared, ...ofHealth]
}

const toolResult = z.looseObject({ isError: z.boolean().optional() })

/** A call goes through the gateway and comes back. */
export const toolCall: Probe = {
  kind: 'probe',
  title: 'Every declared harmless call succeeds through the gateway',
  remedy: 'mend the server that fails; its log is `sallyport servers logs NAME`',
  deadlineMs: 20_000,
  look: async (deployment, signal) =>
    withGateway(deployment, async (gateway) => {
      const calls = harmlessCalls(deployment)
      if (calls.length === 0) {
        const remedy =
          'name one: `health: { call: { tool: NAME } }` of a server, or `checklist.drills.calls`'
        return unproved('config', 'no harmless call is declared', remedy)
      }
      const results = await Promise.all(
        calls.map(async ({ name, arguments: args }): Promise<readonly [boolean, Seen]> => {
          const text = await failureOf(gateway, { name, arguments: args }, signal)
          return [text === undefined, { kind: 'gateway', text: `${name} ${text ?? 'answered'}` }]
        }),
      )
      const faults = results.flatMap(([ok, seen]) => (ok ? [] : [seen]))
      return faults.length > 0 ? failed(faults) : proved(...results.map(([, seen]) => seen))
    }),
}

/** Why a call did not succeed, as the end of a sentence; undefined where it did. */
async function failureOf(
  gateway: GatewayView,
  call: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const given = await gateway.call('tools/call', call, signal)
    return toolResult.parse(given).isError === true ? 'answered with an error' : undefined
  } catch (thrown) {
    signal.throwIfAborted()
    return `did not answer: ${AppError.from(thrown).message}`
  }
}

const resourceList = z.looseObject({ resources: z.array(z.looseObject({ uri: z.string() })) })
const resourceContents = z.looseObject({ contents: z.array(z.unknown()) })

/** What servers offer to be read can be read. */
export const resourceRead: Probe = {
  kind: 'probe',
  title: 'The first resource that is listed can be read',
  remedy: 'mend the server that lists it; its log is `sallyport servers logs NAME`',
  deadlineMs: 20_000,
  look: async (deployment, signal) =>
    withGateway(deployment, async (gateway) => {
      const { resources } = resourceList.parse(await gateway.call('resources/list', {}, signal))
      const [first] = resources
      if (first === undefined) return notApplicable('no server of this deployment offers resources')
      try {
        const { contents } = resourceContents.parse(
          await gateway.call('resources/read', { uri: first.uri }, signal),
        )
        return proved({
          kind: 'gateway',
          text: `${first.uri} was read: ${countOf(contents.length, 'part')}`,
        })
      } catch (thrown) {
        signal.throwIfAborted()
        const why = thrown instanceof Error ? thrown.message : 'it failed'
        return failed([{ kind: 'gateway', text: `${first.uri} cannot be read: ${why}` }])
      }
    }),
}

/** Somebody uses it. */
export const callsServed: Probe = {
  kind: 'probe',
  title: 'A client called a tool within the last seven days, and was answered',
  remedy:
    'connect a client: `sallyport up` prints the lines to paste, docs/keys.md says how to give it a key',
  look: async (deployment, signal) =>
    withGateway(deployment, async (gateway) => {
      const since = new Date(deployment.clock.nowMs() - WEEK_MS).toISOString()
      const { items, next } = await auditRows(gateway, { since, outcome: 'ok' }, signal)
      const served = items.filter(
        ({ kind, method, address }) =>
          kind === 'call' && method === 'tools/call' && address !== 'local',
      )
      const [newest] = served
      if (newest === undefined)
        return unproved(
          'gateway',
          next === undefined
            ? 'no client called a tool in the last seven days'
            : `none of the newest ${items.length} records is the call of a client`,
        )
      const text = `${new Set(served.map(({ principal }) => principal)).size} callers, the last at ${newest.at}`
      return proved({ kind: 'gateway', text })
    }),
}
