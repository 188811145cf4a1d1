import { basename } from 'node:path'
import type { Claim } from '@sallyport/contract/claims'
import type { Citation } from './citations.ts'

/** The page docs/claims.md: every promise with its source and the tests that prove it. */
export function claimsPage(
  claims: Readonly<Record<string, Claim>>,
  tests: readonly Citation[],
): string {
  const units = Map.groupBy(Object.keys(claims), (id) => id.split('/')[0] ?? '')
  const sections = [...units].map(([unit, ids]) => {
    const rows = ids.map((id) => row(id, claims[id], tests))
    return [`## ${unit}`, '', '| Claim | Source | Proved by |', '|---|---|---|', ...rows].join('\n')
  })
  return `<!-- Written by \`npm run generate\`. Do not edit. -->

# Claims

What Sallyport promises, one behaviour a row. A test proves a claim by carrying its id in brackets in its name;
\`npm run claims\` fails on a claim that nothing proves and on an id that does not exist. Documents cite a claim as
\`<!-- claim: id -->\`, which no reader sees. A source is a specification, or a section, rule, scenario or checklist of
the documents that the product answers to.

${sections.join('\n\n')}
`
}

function row(id: string, claim: Claim | undefined, tests: readonly Citation[]): string {
  const paths = new Set(tests.filter((test) => test.id === id).map(({ path }) => path))
  const links = [...paths].map((path) => `[${basename(path, '.test.ts')}](../${path})`)
  const proof = claim?.deferred === undefined ? links.join(', ') : `not yet: ${claim.deferred}`
  const cells = [`\`${id}\`<br>${claim?.behavior ?? ''}`, claim?.source ?? '', proof]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
