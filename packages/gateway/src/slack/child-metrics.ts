import type { OwnServer } from '../upstreams/own-server.ts'

const ASK_MS = 2_000
const TEXT_CHARACTERS_MAX = 4 * 1_024 * 1_024
const FAMILY = /^(?:# (?:HELP|TYPE) )?sallyport_slack_/

/** What is rendered as metrics. */
export interface Rendered {
  readonly contentType: string
  render(): Promise<string>
}

/**
 * The metrics of the gateway with what its Slack server counts of Slack in place of its own, which counts nothing.
 * While that server does not answer those series are missing.
 */
export function withChildMetrics(own: Rendered, child: () => OwnServer | undefined): Rendered {
  return {
    get contentType() {
      return own.contentType
    },
    render: async () => {
      const server = child()
      const [text, told] = await Promise.all([own.render(), server && ask(server)])
      return server === undefined ? text : `${pick(text, false)}${pick(told ?? '', true)}`
    },
  }
}

async function ask(server: OwnServer): Promise<string> {
  try {
    const signal = AbortSignal.timeout(ASK_MS)
    const headers = { authorization: `Bearer ${server.token.reveal()}` }
    const port = await server.port(ASK_MS)
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers, signal })
    return answer.ok ? (await answer.text()).slice(0, TEXT_CHARACTERS_MAX) : ''
  } catch {
    return '' // its state is a metric of the gateway's own
  }
}

/** The lines that are about Slack, or all others. Source: Prometheus, "Text-based format". */
function pick(text: string, ofSlack: boolean): string {
  const lines = text.split('\n').filter((line) => line !== '' && FAMILY.test(line) === ofSlack)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
