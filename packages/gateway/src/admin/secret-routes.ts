import type { SecretsRotated } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import type { KeyControl, RotationReport } from '../secrets/key-control.ts'
import { addRoutes } from './add-routes.ts'

export interface SecretDeps {
  readonly secrets: Pick<KeyControl, 'rotate'>
}

/** Everything under `/api/v1/secrets`. */
export function addSecretRoutes(app: FastifyInstance, { secrets }: SecretDeps): void {
  addRoutes(app, {
    // It goes on when the caller leaves: half a rotation is good, but a whole one is better.
    'secrets.rotate': async ({ by: { principal, requestId } }) =>
      toSecretsRotated(await secrets.rotate({ by: principal.id, requestId })),
  })
}

/** A rotation as told. */
export function toSecretsRotated(report: RotationReport): SecretsRotated {
  return {
    masterKey: { ...report.masterKey },
    dataKey: { ...report.dataKey, dropped: [...report.dataKey.dropped] },
    rows: report.rows.map((row) => ({ ...row })),
    tookMs: report.tookMs,
  }
}
