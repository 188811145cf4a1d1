import { type Tally, tallyOf } from './compare.ts'
import { type Check, requirementsOf, REVISIONS, type Revision, runClientScenario } from './suite.ts'

/** A client scenario run against the gateway's connection to a server. */
export interface ClientRow {
  readonly scenario: string
  readonly required: boolean
  /** Which era the client of the gateway spoke. */
  readonly client: ClientEra
  readonly tally: Tally
  readonly failures: readonly Check[]
  /** No check failed, and none was only warned about. */
  readonly ok: boolean
  /** After a failure the end of what client and gateway wrote. */
  readonly said: string
}

export interface ClientReport {
  readonly revision: Revision
  readonly rows: readonly ClientRow[]
  readonly ok: boolean
}

export type ClientEra = 'legacy' | 'modern'

interface Job {
  readonly revision: Revision
  readonly scenario: string
  readonly required: boolean
  readonly client: ClientEra
}

/** The suite splits it at spaces and gives it to a shell, which knows where Node is, spaces or not. */
const COMMAND =
  process.platform === 'win32' ? '"%CLIENT_NODE%" client.ts' : '"$CLIENT_NODE" client.ts'
const AT_ONCE = 2

/** Runs every client scenario but those about authorization, with clients of these eras. */
export async function runClientSuite(
  clients: readonly ClientEra[],
  only?: string,
): Promise<ClientReport[]> {
  const jobs: Job[] = []
  for (const revision of REVISIONS) {
    const { required, others } = await requirementsOf(revision, 'client')
    const wanted = [...required, ...others].filter((name) => isWanted(name, only))
    for (const scenario of wanted) {
      for (const client of clients) {
        jobs.push({ revision, scenario, required: required.includes(scenario), client })
      }
    }
  }
  const rows = await inTurns(jobs)
  return REVISIONS.flatMap((revision) => {
    const own = rows.filter((_row, index) => jobs[index]?.revision === revision)
    const ok = own.every((row) => row.ok)
    return own.length === 0 ? [] : [{ revision, rows: own, ok }]
  })
}

/** Authorization is judged where the gateway has it. */
function isWanted(scenario: string, only: string | undefined): boolean {
  return only === undefined ? !scenario.startsWith('auth/') : scenario === only
}

/** A few at a time: each starts a process of the suite, one of the client and one of the gateway. */
async function inTurns(jobs: readonly Job[]): Promise<ClientRow[]> {
  const rows: ClientRow[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index]
      if (job) rows[index] = await runJob(job)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return rows
}

async function runJob({ revision, scenario, required, client }: Job): Promise<ClientRow> {
  const env = { CLIENT_ERA: client, CLIENT_NODE: process.execPath }
  const { checks, said } = await runClientScenario({ command: COMMAND, revision, scenario, env })
  const failures = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
  const tally = tallyOf(checks)
  const ok = tally.ok && failures.length === 0
  return { scenario, required, client, tally, failures, ok, said: ok ? '' : said }
}
