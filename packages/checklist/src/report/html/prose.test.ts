import { expect, test } from 'vitest'
import { html } from './markup.ts'
import { clockOf, prose, sentence } from './prose.ts'

test.each([
  ['set `a` and `b`', 'set <code>a</code> and <code>b</code>'],
  ['an odd ` one', 'an odd ` one'],
  ['two `a` and ` one', 'two <code>a</code> and ` one'],
  ['`<b>`', '<code>&lt;b&gt;</code>'],
])('%s is shown as %s', (text, shown) => {
  expect(prose(text).text).toBe(shown)
})

test.each([
  ['bind the port', 'Bind the port.'],
  ['is it so?', 'Is it so?'],
  ['compose.yaml:3 is open', 'compose.yaml:3 is open.'],
  ['`set` it', '<code>set</code> it.'],
])('%s reads as the sentence %s', (text, shown) => {
  expect(sentence(text).text).toBe(shown)
})

test('an instant is told to the minute, anything else as it is', () => {
  expect(clockOf('2026-11-20T12:34:56.789Z')).toBe('2026-11-20 12:34 UTC')
  expect(clockOf('later')).toBe('later')
})

test('what is put into a page is escaped in text and in attributes [check/report/html/escaped]', () => {
  expect(html`<a title="${`"'<&>`}">${[1, 'a<', undefined, false]}</a>`.text).toBe(
    '<a title="&quot;&#39;&lt;&amp;&gt;">1a&lt;</a>',
  )
})
