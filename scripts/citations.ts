import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor, type CallExpression, type Expression } from 'oxc-parser'

/** Where a claim is cited. `line` counts from 1. */
export interface Citation {
  readonly id: string
  readonly path: string
  readonly line: number
}

/** The page that `npm run generate` writes from the citations: it cites nothing itself. */
export const CLAIMS_PAGE = 'docs/claims.md'

/** At least one slash: `[::1]` and `[0]` in a name are no ids. */
const ID_IN_NAME = /\[([a-z0-9-]+(?:\/[a-z0-9-]+)+)\]/g
const CLAIM_COMMENT = /<!--\s*claims?\b:?\s*(.*?)\s*-->/g

/** Every citation in the names of the tests of one file. Tests that are skipped or only planned prove nothing. */
export function testCitations(path: string, text: string): Citation[] {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  const found: Citation[] = []
  new Visitor({
    CallExpression(call) {
      const line = lineAt(text, call.start)
      for (const id of idsIn(nameOfTest(call))) found.push({ id, path, line })
    },
  }).visit(program)
  return found
}

/** The name that a call gives to a test that runs: of `test(...)`, `it(...)`, `test.each(...)(...)`. */
function nameOfTest(call: CallExpression): string {
  const [callee = '', ...modifiers] = wordsOf(call.callee)
  if (callee !== 'test' && callee !== 'it') return ''
  if (modifiers.includes('skip') || modifiers.includes('todo')) return ''
  const [name] = call.arguments
  if (name?.type === 'Literal' && typeof name.value === 'string') return name.value
  if (name?.type !== 'TemplateLiteral') return ''
  return name.quasis.map(({ value }) => value.cooked ?? '').join('…')
}

/** `test.skip.each(rows)` is `test`, `skip`, `each`; what is no such chain has no words. */
function wordsOf(expression: Expression): string[] {
  if (expression.type === 'Identifier') return [expression.name]
  if (expression.type === 'CallExpression') return wordsOf(expression.callee)
  if (expression.type === 'TaggedTemplateExpression') return wordsOf(expression.tag)
  if (expression.type !== 'MemberExpression' || expression.property.type !== 'Identifier') return []
  return [...wordsOf(expression.object), expression.property.name]
}

function idsIn(name: string): string[] {
  return [...name.matchAll(ID_IN_NAME)].map(([, id = '']) => id)
}

/** Every id in the claim comments of a document: `<!-- claim: door/order, door/lockout -->`. */
export function docCitations(path: string, text: string): Citation[] {
  return [...text.matchAll(CLAIM_COMMENT)].flatMap((comment) =>
    (comment[1] ?? '')
      .split(/\s*,\s*/)
      .map((id) => ({ id, path, line: lineAt(text, comment.index) })),
  )
}

/** Lines of the list items of a document that cite no claim. An item ends at a blank line or the next item. */
export function itemsWithoutClaim(text: string): number[] {
  const items = text.matchAll(/^- .*(?:\n(?!- |\n).*)*/gm)
  return [...items]
    .filter(([item]) => item.match(CLAIM_COMMENT) === null)
    .map(({ index }) => lineAt(text, index))
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** What the tests and the documents of a repository cite. */
export interface Citations {
  readonly tests: readonly Citation[]
  readonly docs: readonly Citation[]
}

/** Reads every test that `npm test` runs, and every document. */
export function readCitations(root: string): Citations {
  const tests = [
    'packages/*/{src,test}/**/*.test.ts',
    'scripts/**/*.test.ts',
    'conformance/*.test.ts',
    'chaos/*.test.ts',
  ]
  const docs = ['*.md', 'docs/**/*.md', 'packages/*/*.md', 'bench/*.md']
  return {
    tests: read(root, tests, testCitations),
    docs: read(root, docs, (path, text) => (path === CLAIMS_PAGE ? [] : docCitations(path, text))),
  }
}

function read(
  root: string,
  patterns: readonly string[],
  citations: (path: string, text: string) => Citation[],
): Citation[] {
  return globSync(patterns, { cwd: root })
    .toSorted()
    .flatMap((path) => citations(path, readFileSync(join(root, path), 'utf8')))
}
