import type { SecretsRotated, SubjectErased } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import type { Erasure, ErasureReport } from '../secrets/erasure.ts'
import type { KeyControl, RotationReport } from '../secrets/key-control.ts'
import { addRoutes } from './add-routes.ts'

export interface SecretDeps {
  readonly secrets: Pick<KeyControl, 'rotate'>
  readonly erasure: Pick<Erasure, 'erase'>
}

/** Everything under `/api/v1/secrets` and `/api/v1/subjects`. */
export function addSecretRoutes(app: FastifyInstance, { secrets, erasure }: SecretDeps): void {
  addRoutes(app, {
    // It goes on when the caller leaves: half a rotation is good, but a whole one is better.
    'secrets.rotate': async ({ by: { principal, requestId } }) =>
      toSecretsRotated(await secrets.rotate({ by: principal.id, requestId })),
    'subjects.erase': async ({ body, by: { principal, requestId } }) =>
      toSubjectErased(await erasure.erase({ ...body, by: principal.id, requestId })),
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

/** An erasure as told. */
export function toSubjectErased(report: ErasureReport): SubjectErased {
  return {
    planned: report.planned,
    principals: report.principals.map((one) => ({ ...one })),
    rows: report.rows.map((one) => ({ ...one })),
    notes: [...report.notes],
  }
}
