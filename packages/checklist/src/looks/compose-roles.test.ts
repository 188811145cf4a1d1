import { expect, test } from 'vitest'
import { deploymentOf, Place } from '../../test/fixtures/deployment.ts'
import { composeRoles } from './compose-roles.ts'

test('services have the role that their image, their variables and the gateway give them', async () => {
  await using place = await Place.make({
    'compose.yaml': [
      'services:',
      '  db: { image: "docker.io/library/postgres:16.4@sha256:aa" }',
      '  cache: { image: "valkey/valkey:8" }',
      '  web: { image: "nginx:1.27" }',
      '  pg-metrics: { image: "quay.io/prometheuscommunity/postgres-exporter:v0.15" }',
      '  front: { image: "example.com/mcp:1", environment: { INSTANCES: "one=http://bot:9090" } }',
      '  sallyport: { build: . }',
      '  bot: { build: ./bot }',
      '  search: { image: "example.com/search:1" }',
      '  job: { image: "example.com/job:1" }',
    ].join('\n'),
  })
  const source = { mcpServers: { search: { url: 'http://search:8000/mcp' } } }
  const deployment = deploymentOf(place.folder, source, { variables: {} })
  const roles = await composeRoles(deployment, AbortSignal.timeout(5_000))
  expect(Object.fromEntries([...roles].map(([{ name }, role]) => [name, role]))).toEqual({
    db: 'postgres',
    cache: 'redis',
    web: 'proxy',
    'pg-metrics': 'exporter',
    front: 'gateway',
    sallyport: 'gateway',
    bot: 'backend',
    search: 'backend',
    job: 'other',
  })
})
