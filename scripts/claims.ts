/**
 * The claims gate: every promise is proved by a test that names it, and nothing names a promise that does
 * not exist. Run by `npm run claims`.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CLAIMS } from '@sallyport/contract/claims'
import type { Claim } from '@sallyport/contract/claims'
import { itemsWithoutClaim, readCitations, type Citation, type Citations } from './citations.ts'

/** A part of the plan, as a deferred claim has to name it. */
const PART = /\bpart \d\d[a-c]?\b/

/** Lists what is wrong between claims and citations, as `where: sentence`. Pure. */
export function claimProblems(
  claims: Readonly<Record<string, Claim>>,
  { tests, docs }: Citations,
): string[] {
  const proved = new Set(tests.map(({ id }) => id))
  return [
    ...Object.entries(claims).flatMap(([id, claim]) => problemsOf(id, claim, proved.has(id))),
    ...[...tests, ...docs].flatMap((citation) => unknown(claims, citation)),
  ]
}

function problemsOf(id: string, { deferred }: Claim, isProved: boolean): string[] {
  if (deferred === undefined) {
    return isProved
      ? []
      : [`${id}: no test cites it; put [${id}] into the name of one that proves it`]
  }
  if (isProved) return [`${id}: a test cites it; remove \`deferred\``]
  return PART.test(deferred) ? [] : [`${id}: \`deferred\` does not name the part that proves it`]
}

function unknown(claims: Readonly<Record<string, Claim>>, { id, path, line }: Citation): string[] {
  return Object.hasOwn(claims, id) ? [] : [`${path}:${line}: there is no claim "${id}"`]
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname)
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const problems = [
    ...claimProblems(CLAIMS, readCitations(root)),
    ...itemsWithoutClaim(readme).map((line) => `README.md:${line}: a promise without a claim`),
  ]
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  process.exitCode = problems.length > 0 ? 1 : 0
}
