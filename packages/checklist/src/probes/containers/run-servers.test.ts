import { expect, test } from 'vitest'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import { CONTAINERS } from '../../answers/containers.ts'

const COMPOSE = Object.entries(CONTAINERS).filter(([id]) => id.startsWith('compose/'))

async function serverFindings(args: readonly string[]): Promise<string[]> {
  const source = { mcpServers: { files: { command: 'docker', args } } }
  const deployment = deploymentOf('/nonexistent', source, { profile: 'local', variables: {} })
  const found: string[] = []
  for (const [id, probe] of COMPOSE) {
    const { state, evidence } = await look(probe, deployment)
    if (state === 'failed') found.push(...evidence.map(({ text }) => `${id}: ${text}`))
    else if (state !== 'not_applicable') found.push(`${id} ${state}`)
  }
  return found
}

test('a server that the gateway runs by `docker run` is judged by its arguments, and its life by none [check/compose/images-pinned] [check/compose/security]', async () => {
  const good =
    '--rm -i -m 256m --cpus 1 -u 1000 --read-only --cap-drop ALL --security-opt no-new-privileges'
  const proved = [
    'images-pinned',
    'limits',
    'non-root',
    'unprivileged',
    'read-only',
    'security',
    'secrets-not-env',
  ]
  expect((await serverFindings(['run', ...good.split(' '), 'mcp/files:1.2'])).sort()).toEqual(
    proved.map((id) => `compose/${id} proved`).sort(),
  )
  const at = 'mcpServers.files.args: the server files'
  const token = `API_TOKEN=${'q7'.repeat(16)}`
  expect(
    await serverFindings(['run', '-i', '--privileged', '-u', '0', '-e', token, 'mcp/files']),
  ).toEqual([
    `compose/images-pinned: ${at} names no version: \`mcp/files\``,
    `compose/limits: ${at} has no limit of memory and processor time`,
    `compose/non-root: ${at} runs as root`,
    `compose/unprivileged: ${at} is privileged`,
    `compose/read-only: ${at} may write to its root: no \`read_only: true\``,
    `compose/security: ${at} keeps capabilities: no \`cap_drop: [ALL]\``,
    `compose/security: ${at} may gain rights: no \`no-new-privileges:true\``,
    `compose/secrets-not-env: ${at} is given API_TOKEN in its arguments, which every process list shows`,
  ])
  expect([
    ...new Set((await serverFindings(['mcp', 'gateway', 'run'])).map((one) => one.split(' ')[1])),
  ]).toEqual(['unproved'])
})
