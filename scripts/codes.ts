/**
 * Fails on an error code that no production code uses: the table would promise what cannot happen.
 * Run by `npm run codes:check`.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ERRORS } from '../packages/kit/src/errors.ts'

const TABLE = 'packages/kit/src/errors.ts'

/** The codes that stand in none of `texts` as a quoted word. Pure. */
export function unusedCodes(codes: readonly string[], texts: readonly string[]): string[] {
  return codes.filter(
    (code) => !texts.some((text) => text.includes(`'${code}'`) || text.includes(`"${code}"`)),
  )
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname)
  const paths = globSync('packages/*/{src,bin}/**/*.{ts,js}', { cwd: root }).filter(
    (path) => path !== TABLE && !path.endsWith('.test.ts'),
  )
  // What AppError gives to anything unforeseen stands in the table's own file.
  const codes = Object.keys(ERRORS).filter((code) => code !== 'internal')
  const unused = unusedCodes(
    codes,
    paths.map((path) => readFileSync(join(root, path), 'utf8')),
  )
  for (const code of unused) process.stderr.write(`${code} is in ERRORS and nothing uses it\n`)
  process.exitCode = unused.length > 0 ? 1 : 0
}
