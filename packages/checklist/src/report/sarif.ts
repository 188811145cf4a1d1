import { pathToFileURL } from 'node:url'
import type { Evidence, Report, ReportItem } from '@sallyport/contract/checklist'
import { CADENCE_WORDS, PHASE_WORDS, SEED_TITLES } from './words.ts'

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json'
/** Stands for the folder of the deployment, where relative paths start. */
const BASE = 'DEPLOYMENT'

/**
 * A report as SARIF 2.1.0: a rule for each item, a result for each that fails or is unproved. What is unproved is
 * `open`, which by the standard has no level: nothing says that there is a fault.
 *
 * Source: OASIS SARIF 2.1.0 §3.27.9 (kind), §3.27.10 (level).
 */
export function formatSarif(report: Report): string {
  const { items, version, startedAt, endedAt, environment, id } = report
  const driver = {
    name: 'sallyport check',
    version,
    semanticVersion: version,
    rules: items.map(ruleOf),
  }
  const results = items.flatMap((item, at) =>
    item.state === 'failed' || item.state === 'unproved' ? [resultOf(item, at)] : [],
  )
  const run = {
    tool: { driver },
    automationDetails: { id: `sallyport-check/${environment}/${id}` },
    invocations: [{ executionSuccessful: true, startTimeUtc: startedAt, endTimeUtc: endedAt }],
    originalUriBaseIds: { [BASE]: { description: { text: 'the folder of the deployment' } } },
    columnKind: 'utf16CodeUnits',
    properties: { profile: report.profile, summary: report.summary },
    results,
  }
  return JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)
}

function ruleOf({ id, title, seed, section, phase, cadence, role, remedy }: ReportItem): object {
  const due = `Due ${PHASE_WORDS[phase]}, again ${CADENCE_WORDS[cadence]}.`
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: `${title} (${SEED_TITLES[seed]}, ${section})` },
    defaultConfiguration: { level: 'error' },
    help: { text: remedy === null ? due : `${sentence(remedy)} ${due}` },
    properties: { tags: [seed, phase, role] },
  }
}

function resultOf(item: ReportItem, ruleIndex: number): object {
  const { id, title, state, evidence, remedy, awaits } = item
  const parts = [title, ...evidence.map(({ text }) => text), ...(remedy === null ? [] : [remedy])]
  const fails = state === 'failed'
  const locations = locationsOf(evidence)
  return {
    ruleId: id,
    ruleIndex,
    kind: fails ? 'fail' : 'open',
    level: fails ? 'error' : 'none',
    message: { text: parts.map(sentence).join(' ') },
    ...(locations.length > 0 && { locations }),
    partialFingerprints: { 'sallyportItem/v1': id },
    properties: { state, ...(remedy !== null && { remedy }), ...(awaits && { awaits }) },
  }
}

const NAMED_FILES = '(?:Dockerfile|Caddyfile|Makefile|\\.env(?:\\.[\\w-]+)*|\\.gitignore)'
const ENDINGS =
  'ya?ml|jsonc?|conf|cfg|ini|toml|service|timer|socket|env|pem|crt|key|log|sh|sql|db|rules'
/** A path as evidence names one, with a line and a column where it has them. */
const FILE = new RegExp(
  `(?:^|[\\s\`(])((?:[\\w.@~-]*/){0,30}(?:${NAMED_FILES}|[\\w.@-]{1,100}\\.(?:${ENDINGS})))(?::(\\d{1,7}))?(?::(\\d{1,5}))?(?=$|[\\s\`),;:])`,
)
const FILE_KINDS: readonly Evidence['kind'][] = ['config', 'file', 'environment', 'log']

function locationsOf(evidence: readonly Evidence[]): object[] {
  return evidence
    .filter(({ kind }) => FILE_KINDS.includes(kind))
    .flatMap(({ text }) => {
      const [, path, line, column] = FILE.exec(text) ?? []
      if (path === undefined) return []
      const startLine = Number(line ?? 0)
      const region = { startLine, ...(column !== undefined && { startColumn: Number(column) }) }
      const isAt = startLine > 0 && (column === undefined || Number(column) > 0)
      return [
        {
          physicalLocation: {
            artifactLocation: artifactOf(path),
            ...(isAt && { region }),
          },
        },
      ]
    })
}

function artifactOf(path: string): object {
  if (path.startsWith('/')) return { uri: pathToFileURL(path).href }
  const uri = path.replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/')
  return { uri, uriBaseId: BASE }
}

/** Evidence and remedies have neither a capital nor a full stop. */
function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`
}
