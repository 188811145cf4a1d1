import type { Probe } from '../../answers/answer.ts'
import { refusals } from '../../looks/edge-answers.ts'
import { gatewayProbe, judgeSaid, wantsStatus } from './said.ts'

export const foreignHost: Probe = gatewayProbe(
  {
    title: 'A request whose Host names somebody else answers 403',
    remedy:
      'take foreign names out of `allowedHosts`, and let nothing answer in place of the gateway',
  },
  async ({ deployment }, signal) =>
    judgeSaid((await refusals(deployment, signal)).foreignHost, wantsStatus(403)),
)

export const foreignOrigin: Probe = gatewayProbe(
  {
    title: 'A request of a foreign page answers 403',
    remedy: 'take foreign pages out of `origins`, and let nothing answer in place of the gateway',
  },
  async ({ deployment }, signal) =>
    judgeSaid((await refusals(deployment, signal)).foreignOrigin, wantsStatus(403)),
)
