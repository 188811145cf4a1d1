import {
  attestationList,
  attestationMade,
  baselineCreate,
  baselineList,
  checklistKey,
  checkReportBody,
  drillRunCreate,
  drillRunList,
  reportSummaryList,
  signOffList,
  signOffMade,
} from '@sallyport/contract/admin'
import type {
  Attestation,
  Baseline,
  DrillRun,
  Report,
  ReportSummary,
  SignOff,
  SignOffRole,
} from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import type { SocketClient } from '../socket-client.ts'
import type { OpenBook } from './open-book.ts'

const BASE = '/api/v1/checklist'

/** The book of a running gateway, over its local socket. Holds nothing open. */
export class SocketBook implements OpenBook {
  readonly #client: SocketClient

  constructor(client: SocketClient) {
    this.#client = client
  }

  async attestations(): Promise<readonly Attestation[]> {
    return (await this.#client.list(attestationList, `${BASE}/attestations`)).items
  }

  async attest({ at: _at, ...rest }: Attestation): Promise<void> {
    // The gateway says when that was.
    const asked = { method: 'POST', url: `${BASE}/attestations`, body: rest } as const
    await this.#client.ask(attestationMade, asked)
  }

  async removeAttestation(item: string): Promise<boolean> {
    const url = `${BASE}/attestations/${encodeURIComponent(item)}`
    const done = this.#client.do({ method: 'DELETE', url }).then(() => true)
    return done.catch((thrown: unknown) => absent(thrown, false))
  }

  async drillRuns(): Promise<readonly DrillRun[]> {
    return (await this.#client.list(drillRunList, `${BASE}/drills`)).items
  }

  async recordDrill(run: DrillRun): Promise<void> {
    const asked = { method: 'POST', url: `${BASE}/drills`, body: run } as const
    await this.#client.ask(drillRunCreate, asked)
  }

  async baselines(): Promise<readonly Baseline[]> {
    return (await this.#client.list(baselineList, `${BASE}/baselines`)).items
  }

  async setBaseline(baseline: Baseline): Promise<void> {
    const asked = { method: 'POST', url: `${BASE}/baselines`, body: baseline } as const
    await this.#client.ask(baselineCreate, asked)
  }

  async reports(): Promise<readonly ReportSummary[]> {
    return (await this.#client.list(reportSummaryList, `${BASE}/reports`)).items
  }

  async report(id?: string): Promise<Report | undefined> {
    const url = `${BASE}/${id === undefined ? 'report' : `reports/${encodeURIComponent(id)}`}`
    const asked = this.#client.ask(checkReportBody, { method: 'GET', url })
    return asked.catch((thrown: unknown) => absent(thrown, undefined))
  }

  save(report: Report): Promise<Report> {
    const asked = { method: 'POST', url: `${BASE}/reports`, body: report } as const
    return this.#client.ask(checkReportBody, asked)
  }

  async signOffs(): Promise<readonly SignOff[]> {
    return (await this.#client.list(signOffList, `${BASE}/sign-offs`)).items
  }

  signOff(role: SignOffRole, by: string, reportId: string): Promise<SignOff> {
    const body = { role, by, report: reportId }
    const asked = { method: 'POST', url: `${BASE}/sign-offs`, body } as const
    return this.#client.ask(signOffMade, asked)
  }

  async publicKey(): Promise<string> {
    const asked = { method: 'GET', url: `${BASE}/key` } as const
    return (await this.#client.ask(checklistKey, asked)).publicKey
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** What stands for something that is not there. */
function absent<Value>(thrown: unknown, value: Value): Value {
  if (thrown instanceof AppError && thrown.code === 'not_found') return value
  throw thrown
}
