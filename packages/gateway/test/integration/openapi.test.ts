import Ajv2020 from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { openFixture } from './admin-fixture.ts'

interface Document {
  readonly openapi: string
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** Any JSON Schema 2020-12 checker would do; this one comes with the HTTP framework. */
function checker(document: Document): Ajv2020.default {
  const ajv = new Ajv2020.default({ strict: false, validateFormats: false })
  return ajv.addSchema(document, 'api')
}

test('the description is given to any credential, and its schemas fit what the routes answer [admin-api/openapi]', async () => {
  await using fixture = await openFixture()
  const described = await fixture.ask('/api/v1/openapi.json', { key: fixture.callerKey })
  expect(described.status).toBe(200)
  const document = described.json as Document // checked below
  expect(document.openapi).toBe('3.1.1')
  const ajv = checker(document)
  for (const name of Object.keys(document.components.schemas)) {
    expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` })).not.toThrow()
  }
  const answers = [
    ['servers', 'ServerList'],
    ['servers/files', 'Server'],
    ['groups', 'GroupList'],
    ['usage', 'UsageList'],
    ['audit', 'AuditList'],
    ['config', 'ConfigStatus'],
    ['config/history', 'GenerationList'],
    ['nothing', 'AdminError'],
  ] as const
  for (const [url, name] of answers) {
    const answer = await fixture.ask(`/api/v1/${url}`, { key: fixture.adminKey })
    const fits = ajv.validate({ $ref: `api#/components/schemas/${name}` }, answer.json)
    expect([url, fits, ajv.errors]).toEqual([url, true, null])
  }
  const { json } = await fixture.ask('/api/v1/servers', { key: fixture.adminKey })
  const bent = { ...(json as object), surprise: true }
  expect(ajv.validate({ $ref: 'api#/components/schemas/ServerList' }, bent)).toBe(false)
})
