import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CLAIMS } from '@sallyport/contract/claims'
import { docCitations, itemsWithoutClaim, readCitations, testCitations } from './citations.ts'
import { claimsPage } from './claims-page.ts'
import { claimProblems } from './claims.ts'

const at = { path: 'a.test.ts', line: 1 }
const claim = { behavior: 'It holds.', source: 'design §1' }

function problems(
  claims: Parameters<typeof claimProblems>[0],
  tests: string[],
  docs: string[] = [],
) {
  return claimProblems(claims, {
    tests: tests.map((id) => ({ id, ...at })),
    docs: docs.map((id) => ({ id, path: 'README.md', line: 7 })),
  })
}

test('names a claim that no test cites, also when a document does', () => {
  expect(problems({ 'a/b': claim }, [], ['a/b'])).toEqual([
    'a/b: no test cites it; put [a/b] into the name of one that proves it',
  ])
})

test('names an id that does not exist, in a test and in a document', () => {
  expect(problems({}, ['a/c', 'constructor/x'], ['a/d'])).toEqual([
    'a.test.ts:1: there is no claim "a/c"',
    'a.test.ts:1: there is no claim "constructor/x"',
    'README.md:7: there is no claim "a/d"',
  ])
})

test('names a deferred claim that is proved, and one that says not by which part', () => {
  const deferred = 'needs an endpoint, part 04b'
  expect(problems({ 'a/b': { ...claim, deferred } }, ['a/b'])).toEqual([
    'a/b: a test cites it; remove `deferred`',
  ])
  expect(problems({ 'a/b': { ...claim, deferred: 'later' } }, [])).toEqual([
    'a/b: `deferred` does not name the part that proves it',
  ])
  expect(problems({ 'a/b': { ...claim, deferred } }, [])).toEqual([])
})

test.each([
  ['a comment', '// [a/b]\ntest("x", () => {})'],
  ['a string elsewhere', 'test("x", () => expect("[a/b]"))'],
  ['a skipped test', 'test.skip("x [a/b]", () => {})'],
  ['a skipped table', 'test.skip.each([1])("x [a/b]", () => {})'],
  ['a planned test', 'it.todo("x [a/b]")'],
  ['another function', 'run("x [a/b]", () => {})'],
  ['a describe', 'describe("x [a/b]", () => {})'],
  ['a row of a table', 'test.each(["[a/b]"])("x %s", () => {})'],
  ['what is no id', 'test("[::1], [0] and [ a/b ]", () => {})'],
])('does not take %s for a citation', (_case, text) => {
  expect(testCitations('x.test.ts', text)).toEqual([])
})

test('finds ids in the names of tests, of tables, of conditional tests and of templates', () => {
  const text = [
    'test("x [a/b] [a/c-1/d]", () => {})',
    'describe("y", () => { it.each([1])("x %s [a/e]", () => {}) })',
    'test.runIf(here)(`on ${engine} [a/f]`, () => {})',
    'test.concurrent.for([1])("x [a/g]", () => {})',
  ].join('\n')
  expect(testCitations('x.test.ts', text).map(({ id, line }) => [id, line])).toEqual([
    ['a/b', 1],
    ['a/c-1/d', 1],
    ['a/e', 2],
    ['a/f', 3],
    ['a/g', 4],
  ])
})

test('refuses a test file that does not parse', () => {
  expect(() => testCitations('x.test.ts', 'test("x [a/b]", (')).toThrow('x.test.ts')
})

test('finds ids in the comments of a document, one that is misspelt too', () => {
  const text =
    'One. <!-- claim: a/b -->\n<!-- not a citation -->\n- Two <!--claim: a/c, a/d-->\n<!-- claim -->'
  expect(docCitations('x.md', text)).toEqual([
    { id: 'a/b', path: 'x.md', line: 1 },
    { id: 'a/c', path: 'x.md', line: 3 },
    { id: 'a/d', path: 'x.md', line: 3 },
    { id: '', path: 'x.md', line: 4 },
  ])
})

test('reads the tests that run and the documents, but not the page made of them', () => {
  const root = mkdtempSync(join(tmpdir(), 'claims-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const files = {
    'packages/kit/src/deep/a.test.ts': 'test("x [a/b]", () => {})',
    'packages/kit/src/a.ts': 'test("x [no/test]", () => {})',
    'scripts/b.test.ts': 'test("x [a/c]", () => {})',
    'README.md': '<!-- claim: a/d -->',
    'docs/deep/x.md': '<!-- claim: a/e -->',
    'docs/claims.md': '<!-- claim: id -->',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const { tests, docs } = readCitations(root)
  expect([tests, docs].map((found) => found.map(({ id }) => id))).toEqual([
    ['a/b', 'a/c'],
    ['a/d', 'a/e'],
  ])
})

test('names the list items that promise without a claim', () => {
  const text =
    '# X\n\n- one\n  more <!-- claim: a/b -->\n- two\n\nText.\n- three <!-- claim: a/c -->\n- four'
  expect(itemsWithoutClaim(text)).toEqual([5, 9])
})

test('the page has a row a claim, with its tests once each and why it is deferred', () => {
  const claims = { 'a/b': claim, 'a/c': { ...claim, deferred: 'part 02' } }
  const page = claimsPage(claims, [
    { id: 'a/b', ...at },
    { id: 'a/b', path: 'a.test.ts', line: 9 },
  ])
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual([
    '| `a/b`<br>It holds. | design §1 | [a](../a.test.ts) |',
    '| `a/c`<br>It holds. | design §1 | not yet: part 02 |',
  ])
})

test('a behaviour is a sentence, and no two claims say the same', () => {
  const sentences = Object.values(CLAIMS).map(({ behavior }) => behavior)
  expect(sentences.filter((sentence) => !/^[A-Z`0-9].*\.$/.test(sentence))).toEqual([])
  expect(new Set(sentences).size).toBe(sentences.length)
})
