import {
  CALLBACK_PATH,
  type GatewayConfig,
  judgePublic,
  judgeRedirect,
  judgeSlackUrl,
} from '@sallyport/contract/config'
import type { Environment, ReportPath } from '@sallyport/kit/config'
import { isLoopback } from '@sallyport/kit/http'

type Reachable = Pick<GatewayConfig, 'slack' | 'publicUrl' | 'listen'>

/** What the Slack server must keep beyond its schema. */
export function judgeSlack(config: GatewayConfig, report: ReportPath, env: Environment): void {
  const { slack, servers } = config
  if (slack === undefined) return
  const named = servers['slack']
  if (named?.kind !== 'http' || named.child === undefined) {
    const message = 'the name `slack` is that of the Slack server, which `slack:` runs'
    report(['mcpServers', 'slack'], message, { remedy: 'rename this server, or remove `slack:`' })
  }
  judgeCallback(config, report)
  const allowsTestHosts = env['SALLYPORT_ALLOW_TEST_HOSTS'] === '1'
  for (const key of ['apiUrl', 'authorizeUrl'] as const) {
    const url = slack[key]
    const fault = url === undefined ? undefined : judgeSlackUrl(url, allowsTestHosts)
    if (fault !== undefined) report(['slack', key], fault.message, fault)
  }
}

/** Where Slack sends browsers back to, and what clients reach the gateway as; undefined = neither is known. */
export function slackAddress(
  config: Reachable,
): { readonly publicUrl: string; readonly redirectUri: string } | undefined {
  const publicUrl = config.publicUrl ?? ownAddress(config)
  const given = config.slack?.redirectUri
  if (given !== undefined)
    return { publicUrl: publicUrl ?? new URL(given).origin, redirectUri: given }
  return publicUrl === undefined
    ? undefined
    : { publicUrl, redirectUri: `${publicUrl}${CALLBACK_PATH}` }
}

/** A gateway on this machine alone is reached at its port, unless that is known only once it listens. */
function ownAddress({ listen }: Reachable): string | undefined {
  return isLoopback(listen.host) && listen.port !== 0
    ? `http://localhost:${listen.port}`
    : undefined
}

function judgeCallback(config: GatewayConfig, report: ReportPath): void {
  const address = slackAddress(config)
  if (address === undefined) {
    const message = 'where Slack sends browsers back to is not known'
    const remedy = `set \`publicUrl\`, or \`slack.redirectUri\` to an address with the path ${CALLBACK_PATH}`
    report(['slack', 'redirectUri'], message, { remedy })
    return
  }
  const { publicUrl, redirectUri } = address
  const fault = judgePublic(redirectUri) ?? judgeRedirect(redirectUri, publicUrl)
  if (fault === undefined) return
  const isOwn = config.slack?.redirectUri !== undefined
  report(isOwn ? ['slack', 'redirectUri'] : ['publicUrl'], fault.message, fault)
}
