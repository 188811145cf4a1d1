import { failed, type Finding, judged, type Probe, type Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type ProxySite, publicPath } from '../../looks/proxies.ts'
import { keyFileState } from '../../looks/proxy/key-file.ts'
import { tlsView } from '../../looks/tls-look.ts'
import { upstreamJudge, type Verdict } from '../../looks/upstreams.ts'
import { type OpenPlace, openProbe } from './open-probe.ts'
import { NO_FILES } from './proxy-files.ts'

export const config: Probe = openProbe(
  {
    title:
      'The files of the proxy can be read, their keys are there, and every upstream is a data listener of the gateway',
    remedy: 'correct the line that is named, then reload the proxy',
    deadlineMs: 20_000,
  },
  async (place, deployment, signal) => {
    const { proxies, sites } = place
    if (proxies.files.length === 0) return NO_FILES
    const verdicts: Verdict[] = [
      ...proxies.faults.map((text): Verdict => ({ kind: 'fault', text })),
      ...proxies.gaps.map((text): Verdict => ({ kind: 'gap', text })),
      ...(await keyVerdicts(proxies.sites, deployment, signal)),
      ...(await upstreamVerdicts(place, deployment, signal)),
    ]
    if (sites.length === 0 && proxies.faults.length === 0) {
      const text = `no server of ${proxies.files.join(', ')} passes MCP on`
      verdicts.push({ kind: 'gap', text })
    }
    return judgeVerdicts(verdicts)
  },
)

/** One fault is a failure, one gap leaves it open. */
function judgeVerdicts(verdicts: readonly Verdict[]): Finding {
  const of = (kind: Verdict['kind']): Seen[] => [
    ...new Map(
      verdicts
        .filter((one) => one.kind === kind)
        .map(({ text }) => [text, { kind: 'file', text } as const]),
    ).values(),
  ]
  const faults = of('fault')
  if (faults.length > 0) return failed(faults)
  const gaps = of('gap')
  return gaps.length > 0 ? { state: 'unproved', evidence: gaps } : judged([], of('good'))
}

async function keyVerdicts(
  sites: readonly ProxySite[],
  deployment: Deployment,
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const file of sites.flatMap(({ keyFiles }) => [...keyFiles])) {
    const words = `${file.at} names the ${file.what} ${file.said}`
    switch (await keyFileState(file, signal)) {
      case 'there':
        verdicts.push({ kind: 'good', text: `${words}, which is there` })
        break
      case 'absent':
        verdicts.push({ kind: 'fault', text: `${words}, which is not there` })
        break
      case 'empty':
        verdicts.push({ kind: 'fault', text: `${words}, which is no PEM of one` })
        break
      case 'not_mounted':
        verdicts.push({ kind: 'fault', text: `${words}, which is not mounted into its container` })
        break
      case 'unseen': {
        // What is in a volume shows when it is used.
        const seen = await tlsView(deployment, signal)
        const works = seen !== undefined && seen.unreached === undefined
        verdicts.push({
          kind: works ? 'good' : 'gap',
          text: `${words}, which cannot be seen from here${works ? ', and TLS is spoken' : ''}`,
        })
      }
    }
  }
  return verdicts
}

async function upstreamVerdicts(
  { sites, exposure, url }: OpenPlace,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const judge = await upstreamJudge(deployment, exposure, signal)
  const all = sites.flatMap((site) => site.route(publicPath(url, '/mcp'))?.upstreams ?? [])
  const once = new Map(all.map((one) => [`${one.at} ${one.host} ${one.port}`, one]))
  const verdicts: Verdict[] = []
  for (const upstream of once.values()) verdicts.push(await judge(upstream))
  return verdicts
}
