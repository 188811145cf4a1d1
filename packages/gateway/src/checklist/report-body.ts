import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { type Report, type ReportSummary, reportSummary } from '@sallyport/contract/checklist'

/** Of one report before it is compressed, bytes. */
const REPORT_BYTES_MAX = 64 * 1_024 * 1_024

const compress = promisify(gzip)
const expand = promisify(gunzip)

/** A report as the store keeps it; compressed on another thread. */
export async function packReport(report: Report): Promise<{ head: string; body: Buffer }> {
  const { id, version, environment, profile, startedAt, endedAt, only } = report
  const head: ReportSummary = {
    ...{ id, version, environment, profile, startedAt, endedAt },
    ...(only !== undefined && { only }),
    summary: report.summary,
    regressions: report.regressions,
  }
  return { head: JSON.stringify(head), body: await compress(JSON.stringify(report)) }
}

/** The reverse. What the store holds was written here, so it is not judged again. */
export async function unpackReport(body: Buffer): Promise<Report> {
  const text = await expand(body, { maxOutputLength: REPORT_BYTES_MAX })
  return JSON.parse(text.toString()) as Report // `packReport` wrote it
}

/** What is told of a report without opening it. */
export function unpackHead(head: string): ReportSummary {
  return reportSummary.parse(JSON.parse(head))
}
