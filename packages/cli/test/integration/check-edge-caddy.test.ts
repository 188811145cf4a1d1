import type { Deployment, Finding } from '@sallyport/checklist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority } from '../fixtures/certificates.ts'
import { findings, openChecked, PROXY_IDS, textOf, withState } from '../fixtures/check-edge.ts'
import { freePort } from '../fixtures/free-port.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { hasProxy, startCaddy } from '../fixtures/proxies.ts'

describe.skipIf(!hasProxy('caddy'))('behind Caddy', () => {
  const scope = new AsyncDisposableStack()
  let gateway: TestGateway
  let deployment: Deployment
  let ports: { readonly http: number; readonly https: number }

  beforeAll(async () => {
    ports = { http: await freePort(), https: await freePort() }
    const config = {
      publicUrl: `https://localhost:${ports.https}`,
      trustedProxies: ['127.0.0.1'],
      checklist: { ca: 'ca.pem' },
    }
    gateway = scope.use(await startGateway({ config }))
    Authority.make(gateway.dir).issue('leaf')
    deployment = scope.use(await openChecked(gateway)).deployment
  })
  afterAll(() => scope.disposeAsync())

  function goodFile(): string {
    return `{
  admin off
  http_port ${ports.http}
  https_port ${ports.https}
  skip_install_trust
  storage file_system storage
}

localhost {
  bind 127.0.0.1
  tls leaf.pem leaf.key
  header Strict-Transport-Security "max-age=31536000"
  @strangers not remote_ip 127.0.0.1
  abort @strangers
  reverse_proxy ${new URL(gateway.data).host} {
    flush_interval -1
  }
}
`
  }

  /** What is found while Caddy runs with one line replaced. */
  async function look(line?: string, by = ''): Promise<ReadonlyMap<string, Finding>> {
    const good = goodFile()
    if (line !== undefined && !good.includes(line)) throw new Error(`no line says ${line}`)
    await using caddy = await startCaddy(
      gateway.dir,
      good.replace(line ?? '', line === undefined ? '' : by),
      ports.https,
    )
    void caddy
    return await findings({ ...deployment }, PROXY_IDS)
  }

  test('in order, all of it is proved, live and by its file', async () => {
    const found = await look()
    const bad = [...withState(found, 'failed'), ...withState(found, 'unproved')]
    expect(bad.map((id) => [id, textOf(found.get(id))])).toEqual([])
    expect(textOf(found.get('tls/redirect'))).toContain('308')
  })

  test('what its file spoils fails, by its line and live', async () => {
    const flush = 'flush_interval -1'
    const dropped = await look(flush, 'header_up -Authorization')
    expect(withState(dropped, 'failed')).toEqual(['proxy/authorization'])
    expect(textOf(dropped.get('proxy/authorization'))).toMatch(/Caddyfile:16 drops Authorization/)
    const renamed = await look(flush, 'header_up Host 127.0.0.1')
    expect(withState(renamed, 'failed')).toEqual(['proxy/host'])
    const held = await look(flush, 'buffer_responses')
    expect(withState(held, 'failed')).toEqual(['proxy/buffering'])
    const cut = await look(flush, 'transport http {\n      read_timeout 30s\n    }')
    expect(withState(cut, 'failed')).toEqual(['proxy/timeouts'])
    expect(textOf(cut.get('proxy/timeouts'))).toMatch(/Caddyfile:17 cuts what is silent for 30 s/)
  })

  test('a site that asks for a certificate of its callers hides what is behind it, and fails nothing', async () => {
    const asks =
      'client_auth {\n      mode require_and_verify\n      trusted_ca_cert_file ca.pem\n    }'
    const found = await look('tls leaf.pem leaf.key', `tls leaf.pem leaf.key {\n    ${asks}\n  }`)
    expect(withState(found, 'failed').map((id) => [id, textOf(found.get(id))])).toEqual([])
    expect(found.get('proxy/extra-auth')?.state).toBe('proved')
    expect(found.get('proxy/in-front')?.state).toBe('unproved')
  })

  test('a site without redirects, HSTS or further layers says so', async () => {
    const silent = await look(
      'skip_install_trust',
      'skip_install_trust\n  auto_https disable_redirects',
    )
    expect(silent.get('tls/redirect')?.state).toBe('unproved')
    const bare = await look('header Strict-Transport-Security "max-age=31536000"')
    expect(withState(bare, 'failed')).toEqual(['door/headers'])
    const open = await look('abort @strangers', '')
    expect(withState(open, 'failed')).toEqual([])
    expect(withState(open, 'unproved')).toEqual(['proxy/extra-auth'])
  })
})
