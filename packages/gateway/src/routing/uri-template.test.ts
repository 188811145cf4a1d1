import { expect, test } from 'vitest'
import { fitsTemplate, parseTemplate } from './uri-template.ts'

function fits(text: string, uri: string, steps = 200_000): boolean {
  const template = parseTemplate(text) ?? expect.unreachable(`no template: ${text}`)
  return fitsTemplate(template, uri, { steps })
}

test.each([
  'a{',
  'a}',
  '{}',
  'a{b{c}}',
  '{b c}',
  '{=x}',
  '{|x}',
  `{${'x'.repeat(1_100)}}`,
  '{a}b'.repeat(33),
])('%s is no template that leads anywhere', (text) => {
  expect(parseTemplate(text)).toBe(undefined)
})

test.each([
  ['file:///a', 'file:///a', true],
  ['file:///a', 'file:///ab', false],
  ['', 'x', false],
  ['user://{id}', 'user://7', true],
  ['user://{id}', 'user://', true],
  ['user://{id}', 'user://7/posts', false],
  ['user://{id}/posts/{post}', 'user://7/posts/8', true],
  ['user://{id}/posts/{post}', 'user://7/post/8', false],
  ['user://{id}', 'item://7', false],
  ['{a}-{b}', 'x-y-z', true],
  ['{a}-{b}', 'xyz', false],
  ['file:///{+path}', 'file:///a/b?c#d', true],
  ['x:{a}', 'x:a#b', false],
  ['x:a{#part}', 'x:a#b/c', true],
  ['x:a{#part}', 'x:a', true],
  ['x:a{.ext}', 'x:a.tar.gz', true],
  ['x:a{.ext}', 'x:atar', false],
  ['x:{/a,b}', 'x:/1/2', true],
  ['x:{/a*}', 'x:/1/2?q', false],
  ['x:a{;p}', 'x:a;p=1;q', true],
  ['x:a{?q,r}', 'x:a?q=1&r=2/3', true],
  ['x:a{?q}', 'x:a', true],
  ['x:a{?q}', 'x:aq', false],
  ['x:a{?q}', 'x:a?q=1#f', false],
  ['x:a?q={q}{&r}', 'x:a?q=1&r=2', true],
  ['x:{a:3}/{b*}', 'x:1/2', true],
  ['pré://{a}', 'pré://ü', true],
])('%s may have become %s: %s [features/templates]', (text, uri, expected) => {
  expect(fits(text, uri)).toBe(expected)
})

test('literal characters are counted, so that the closest template can be preferred', () => {
  expect(parseTemplate('a:/{x}/b{?q}')?.literalLength).toBe(5)
})

test.each([
  ['many runs', '{+a}'.repeat(64), `${'a'.repeat(8_000)}!`],
  ['many runs and one end', `${'{a}'.repeat(63)}!`, 'a'.repeat(8_192)],
  ['runs between literals', `${'{+a}a'.repeat(32)}`, `${'a'.repeat(8_000)}b`],
  ['a long literal', `{+a}${'a'.repeat(1_000)}b`, 'a'.repeat(8_192)],
  ['many paths', `${'{/a}'.repeat(64)}`, '/'.repeat(8_192)],
  ['many queries', `${'{?a}{&a}'.repeat(31)}#`, '?&'.repeat(4_000)],
])(
  'a template of %s is given up before it costs anything to speak of [features/template-bomb]',
  (_case, text, uri) => {
    const startedMs = performance.now()
    fits(text, uri)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  },
)

test('past its budget a template does not fit, and neither does a URI over 8,192 characters', () => {
  expect([fits('{+a}', 'abc', 2), fits('{+a}', 'abc', 100)]).toEqual([false, true])
  expect([fits('{+a}', 'a'.repeat(8_193)), fits('{+a}', 'a'.repeat(8_192))]).toEqual([false, true])
})
