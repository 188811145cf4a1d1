import { expect, test } from 'vitest'
import { startedBy } from './started-package.ts'

test.each([
  ['npx -y @scope/server@1.2.3 /srv', '@scope/server@1.2.3', true],
  ['npx -y @scope/server', '@scope/server', false],
  ['npx server@latest', 'server@latest', false],
  ['npx server@^1.2.0', 'server@^1.2.0', false],
  ['npx server@1', 'server@1', false],
  ['npx -y --package=server@1.2.3 run', 'server@1.2.3', true],
  ['npx -p server run', 'server', false],
  ['npm exec server@2.0.0-rc.1', 'server@2.0.0-rc.1', true],
  ['pnpm dlx server', 'server', false],
  ['bunx server@1.0.0', 'server@1.0.0', true],
  ['npx -y github:owner/repo', 'github:owner/repo', false],
  ['uvx mcp-server-git', 'mcp-server-git', false],
  ['uvx mcp-server-git==2026.1.2', 'mcp-server-git==2026.1.2', true],
  ['uvx --from tool@1.4 tool', 'tool@1.4', true],
  ['uv tool run tool', 'tool', false],
  ['pipx run tool==1.0', 'tool==1.0', true],
  ['docker run -i --rm mcp/fetch', 'mcp/fetch', false],
  ['docker run -i --rm -e A=b --name x mcp/fetch:1.2', 'mcp/fetch:1.2', true],
  ['docker run --env=A=b registry:5000/mcp/fetch', 'registry:5000/mcp/fetch', false],
  ['/usr/bin/podman run -i mcp/fetch:latest', 'mcp/fetch:latest', false],
])(
  '%s fetches %s, in a version that is written down: %s [check/supply/lockfile]',
  (line, name, pinned) => {
    const [command = '', ...args] = line.split(' ')
    expect(startedBy(command, args)).toMatchObject({ kind: 'fetched', name, pinned })
  },
)

test.each([
  ['node ./server.js', { kind: 'script', path: './server.js', runtime: 'node' }],
  ['python3 server.py', { kind: 'script', path: 'server.py', runtime: 'python' }],
  ['/usr/local/bin/mcp-server --stdio', { kind: 'program' }],
  ['python3 -m server', { kind: 'program' }],
  ['docker compose up', { kind: 'program' }],
])('%s starts %j', (line, started) => {
  const [command = '', ...args] = line.split(' ')
  expect(startedBy(command, args)).toEqual(started)
})
