import type { ChecklistBook } from '@sallyport/contract/checklist'
import type { OpenBook } from './open-book.ts'

/**
 * The book of a gateway that does not run, held for no longer than it takes to read it: whoever looks at a
 * deployment must not keep its gateway from starting. What a run asks for is read once; anything else opens it again.
 *
 * @param open as `openBook`
 * @throws {AppError} what opening and reading throws
 */
export async function readBriefly(open: () => Promise<OpenBook>): Promise<ChecklistBook> {
  const again = async <Value>(act: (book: ChecklistBook) => Promise<Value>): Promise<Value> => {
    await using book = await open()
    return await act(book) // awaited here: the book is closed on the way out
  }
  const read = await again(async (book) => ({
    attestations: await book.attestations(),
    drillRuns: await book.drillRuns(),
    baselines: await book.baselines(),
    newest: await book.report(),
    signOffs: await book.signOffs(),
  }))
  return {
    attestations: async () => read.attestations,
    drillRuns: async () => read.drillRuns,
    baselines: async () => read.baselines,
    signOffs: async () => read.signOffs,
    report: async (id) => (id === undefined ? read.newest : again((book) => book.report(id))),
    reports: () => again((book) => book.reports()),
    publicKey: () => again((book) => book.publicKey()),
    attest: (attestation) => again((book) => book.attest(attestation)),
    removeAttestation: (item) => again((book) => book.removeAttestation(item)),
    recordDrill: (run) => again((book) => book.recordDrill(run)),
    setBaseline: (baseline) => again((book) => book.setBaseline(baseline)),
    save: (report) => again((book) => book.save(report)),
    signOff: (role, by, reportId) => again((book) => book.signOff(role, by, reportId)),
  }
}
