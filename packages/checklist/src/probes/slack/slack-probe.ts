import {
  type Finding,
  notApplicable,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment, SlackView } from '../../deployment.ts'

/** Why Slack does not concern a deployment; undefined where it does. */
export function withoutSlack({ slack }: Deployment): string | undefined {
  return slack === undefined ? 'no Slack server is part of this deployment' : undefined
}

/** What a probe of the Slack server looks at. */
export interface SlackLook {
  readonly view: SlackView
  readonly deployment: Deployment
}

/** A probe that concerns deployments with a Slack server alone. */
export function slackProbe(
  words: Pick<Probe, 'title' | 'remedy' | 'deadlineMs'>,
  look: (look: SlackLook, signal: AbortSignal) => Promise<Finding> | Finding,
): Probe {
  return {
    kind: 'probe',
    ...words,
    exempt: withoutSlack,
    look: async (deployment, signal) => {
      const { slack: view } = deployment
      if (view === undefined) return notApplicable('no Slack server is part of this deployment')
      if ('unreadable' in view) return unproved('config', view.unreadable)
      return look({ view, deployment }, signal)
    },
  }
}

/** Something that an address answered. */
export function heard(text: string): Seen {
  return { kind: 'http', text }
}
