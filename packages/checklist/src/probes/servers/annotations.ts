import { judged, type Probe, unproved } from '../../answers/answer.ts'
import { toolFacts } from '../../looks/gateway.ts'
import { someOf, withConfig, noGateway } from '../needs.ts'

/** For each tool it is known whether it changes anything. */
export const annotations: Probe = {
  kind: 'probe',
  title: 'For every tool it is known whether it changes anything: pinned, or told by a server',
  remedy:
    'pin them: `tools: { NAME: { readOnly: true } }` or `{ destructive: true }` under their server',
  look: async (deployment, signal) => {
    const tools = await toolFacts(deployment, signal)
    if (tools === undefined) return noGateway(deployment)
    if (tools.length === 0) return unproved('gateway', 'the gateway lists no tools')
    return withConfig(deployment, ({ servers, groups }) => {
      const pinned = (name: string): boolean => {
        const [owner = '', tool = ''] = split(name)
        const members = groups[owner]?.members.map(({ server }) => server) ?? [owner]
        return members.every((member) => {
          const pin = servers[member]?.tools[tool]
          return pin?.readOnly !== undefined || pin?.destructive !== undefined
        })
      }
      const unknown = tools.filter(
        ({ name, annotations: hints }) =>
          !name.startsWith('sallyport__') && hints?.readOnlyHint === undefined && !pinned(name),
      )
      const names = someOf(unknown.map(({ name }) => name))
      return judged(
        unknown.length === 0
          ? []
          : [
              {
                kind: 'gateway',
                text: `${unknown.length} of ${tools.length} tools say nothing: ${names}`,
              },
            ],
        [{ kind: 'gateway', text: `all ${tools.length} tools are pinned or hinted` }],
      )
    })
  },
}

function split(name: string): readonly [string, string] {
  const at = name.indexOf('__')
  return at < 0 ? ['', name] : [name.slice(0, at), name.slice(at + 2)]
}
