import { type RouteId, ROUTES, type RouteSpec } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import {
  type Answered,
  differences,
  type Example,
  examplesOf,
  parseCommand,
  pick,
  readPages,
  routeOf,
  send,
} from '../fixtures/api-docs.ts'
import { startApiGateway } from '../fixtures/api-gateway.ts'

const EXAMPLES = readPages().flatMap(([name, page]) => examplesOf(name, page))

/** What of a page is not as it says; empty when all is. */
function faultsOf(
  { place, status, shown }: Example,
  [id, spec]: readonly [RouteId, RouteSpec],
  answered: Answered,
): readonly string[] {
  const at = `${place} (${id})`
  if (answered.status !== status) {
    return [`${at}: answered ${answered.status}, not ${status}: ${answered.text.slice(0, 500)}`]
  }
  if (spec.media !== undefined)
    return answered.type.startsWith(spec.media) ? [] : [`${at}: no ${spec.media}`]
  if (spec.answer === undefined) return answered.text === '' ? [] : [`${at}: has a body`]
  const real: unknown = JSON.parse(answered.text)
  const isReal = spec.answer.safeParse(real).success
  if (shown === undefined) return isReal ? [] : [`${at}: the answer does not fit its schema`]
  const told: unknown = JSON.parse(shown)
  return [
    ...(isReal ? [] : [`${at}: the answer does not fit its schema`]),
    ...(spec.answer.safeParse(told).success
      ? []
      : [`${at}: what is shown does not fit its schema`]),
    ...differences(told, real).map((key) => `${at}: shows ${key}, which was not answered`),
  ]
}

test('every example of docs/api does what the page says, in order, and every route has one [admin-api/examples]', async () => {
  const { gateway, variables } = await startApiGateway()
  await using _ = gateway
  const shown = new Set<RouteId>()
  const faults: string[] = []
  for (const example of EXAMPLES) {
    if (!example.command.includes('curl')) continue
    const asked = parseCommand(example.command, variables)
    const route = routeOf(asked)
    if (route === undefined) {
      faults.push(`${example.place}: there is no route ${asked.method} ${asked.path}`)
      continue
    }
    const answered = await send(asked)
    if (asked.capture) {
      variables.set(asked.capture.name, pick(answered, asked.capture.filter))
      if (answered.status >= 300) faults.push(`${example.place}: answered ${answered.text}`)
      continue
    }
    shown.add(route[0])
    faults.push(...faultsOf(example, route, answered))
  }
  expect(faults).toEqual([])
  expect(Object.keys(ROUTES).filter((id) => !shown.has(id as RouteId))).toEqual([])
}, 120_000)

test('a page that shows what is not there is found', () => {
  expect(differences({ a: { b: 1 } }, { a: { c: 1 } })).toEqual(['.a.b'])
  expect(differences({ a: [{ b: 1 }] }, { a: [{ b: 'x' }, {}] })).toEqual(['.a[].b'])
  expect(differences({ a: null, b: [] }, { a: {}, b: [1], c: 2 })).toEqual([])
  const [example] = examplesOf(
    'x.md',
    'Text.\n\n```sh 200\ncurl -s \\\n  "$A/b"\n```\n\n```json\n{}\n```\n',
  )
  expect(example).toEqual({
    place: 'x.md:3',
    command: 'curl -s \\\n  "$A/b"',
    status: 200,
    shown: '{}',
  })
  const asked = parseCommand(
    `curl -X PUT "$A/b?c=1" -H 'If-Match: "1"' -d '{"$A": 1}'`,
    new Map([['A', 'http://h']]),
  )
  expect(asked).toMatchObject({
    method: 'PUT',
    path: '/b',
    body: '{"$A": 1}',
    headers: { 'if-match': '"1"' },
  })
  expect(() => parseCommand('curl "$B"', new Map())).toThrow('$B is set nowhere')
})
