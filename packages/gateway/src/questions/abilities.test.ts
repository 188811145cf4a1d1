import { expect, test } from 'vitest'
import { mergeNeeds, missingAbilities, needsOf } from './abilities.ts'

const FORM = { elicitation: { form: {} } }
const URL = { elicitation: { url: {} } }

test.each([
  ['elicitation/create', undefined, FORM],
  ['elicitation/create', '{}', FORM],
  ['elicitation/create', '{"mode":"form"}', FORM],
  ['elicitation/create', '{"mode":"url"}', URL],
  ['elicitation/create', '{"x":{"mode":"url"}}', FORM],
  ['sampling/createMessage', '{"messages":[]}', { sampling: {} }],
  ['sampling/createMessage', '{"tools":[]}', { sampling: { tools: {} } }],
  ['sampling/createMessage', '{"toolChoice":{}}', { sampling: { tools: {} } }],
  ['roots/list', undefined, { roots: {} }],
  ['acme/ask', '{}', undefined],
  ['toString', undefined, undefined],
])('%s with %j needs %j', (method, params, expected) => {
  expect(needsOf({ method, params })).toEqual(expected)
})

test.each([
  ['nothing', FORM, '{}', FORM],
  ['null', FORM, '{"elicitation":null}', FORM],
  ['a word', FORM, '{"elicitation":true}', FORM],
  ['pages only', FORM, '{"elicitation":{"url":{}}}', FORM],
  ['forms only', URL, '{"elicitation":{"form":{}}}', URL],
  ['a bare elicitation', URL, '{"elicitation":{}}', URL],
  ['no tools', { sampling: { tools: {} } }, '{"sampling":{}}', { sampling: { tools: {} } }],
  ['an inherited name', { constructor: {} }, '{}', { constructor: {} }],
  ['half', { ...FORM, roots: {} }, '{"elicitation":{"form":{}}}', { roots: {} }],
])(
  'a client that declared %s lacks what is needed [questions/capability]',
  (_case, needs, declared, missing) => {
    expect(missingAbilities(needs, declared)).toEqual(missing)
  },
)

test.each([
  ['a bare elicitation is the form', FORM, '{"elicitation":{}}'],
  ['with unknown parts, too', FORM, '{"elicitation":{"x":{}}}'],
  ['both', { elicitation: { form: {}, url: {} } }, '{"elicitation":{"form":{},"url":{}}}'],
  ['more than needed', { sampling: {} }, '{"sampling":{"tools":{},"x":1},"roots":{}}'],
  ['nothing needed', {}, '{}'],
])(
  'a client that declared enough lacks nothing: %s [questions/capability]',
  (_case, needs, declared) => {
    expect(missingAbilities(needs, declared)).toBe(undefined)
  },
)

test('what several questions need adds up', () => {
  expect(mergeNeeds([FORM, undefined, URL, { sampling: {} }, { sampling: { tools: {} } }])).toEqual(
    {
      elicitation: { form: {}, url: {} },
      sampling: { tools: {} },
    },
  )
})
