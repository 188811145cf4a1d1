import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { Deployment, Finding } from '@sallyport/checklist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority } from '../fixtures/certificates.ts'
import { findings, openChecked, PROXY_IDS, textOf, withState } from '../fixtures/check-edge.ts'
import { freePort } from '../fixtures/free-port.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { goodNginxConf } from '../fixtures/nginx-conf.ts'
import { hasProxy, startNginx } from '../fixtures/proxies.ts'

describe.skipIf(!hasProxy('nginx'))('behind nginx', () => {
  const scope = new AsyncDisposableStack()
  let gateway: TestGateway
  let deployment: Deployment
  let ports: { readonly http: number; readonly https: number }

  beforeAll(async () => {
    ports = { http: await freePort(), https: await freePort() }
    const config = {
      publicUrl: `https://localhost:${ports.https}`,
      trustedProxies: ['127.0.0.1'],
      limits: { lockout: { failures: 10_000 } },
      checklist: { ca: 'ca.pem' },
    }
    gateway = scope.use(await startGateway({ config }))
    const authority = Authority.make(gateway.dir)
    authority.issue('leaf')
    authority.issue('expired', { days: 30, from: '-60d' })
    authority.issue('other', { name: 'other.example.com' })
    Authority.make(gateway.dir, 'stranger').issue('strange')
    deployment = scope.use(await openChecked(gateway)).deployment
  })
  afterAll(() => scope.disposeAsync())

  function goodConf(): string {
    return goodNginxConf({ ...ports, gateway: new URL(gateway.data).host })
  }

  /** What is found while nginx runs with one text, and its file says what `written` does. */
  async function look(text: string, written = text): Promise<ReadonlyMap<string, Finding>> {
    await using _ = await startNginx(gateway.dir, text, ports.https)
    if (written !== text) await writeFile(join(gateway.dir, 'nginx.conf'), written)
    return await findings({ ...deployment }, PROXY_IDS)
  }

  /** The good configuration with one line replaced. */
  function conf(line?: string, by = ''): string {
    const good = goodConf()
    if (line === undefined) return good
    if (!good.includes(line)) throw new Error(`no line says ${line}`)
    return good.replace(line, by)
  }

  test('in order, all of it is proved, live and by its file', async () => {
    const found = await look(conf())
    const bad = [...withState(found, 'failed'), ...withState(found, 'unproved')]
    expect(bad.map((id) => [id, textOf(found.get(id))])).toEqual([])
    expect(withState(found, 'proved').filter((id) => /^(?:tls|proxy)/.test(id))).toEqual(
      PROXY_IDS.filter((id) => /^(?:tls|proxy)/.test(id)),
    )
    expect(textOf(found.get('proxy/buffering'))).toMatch(/first event after \d+ ms/)
  })

  test('buffering fails, by its line and live [check/proxy/buffering]', async () => {
    const found = await look(
      conf('proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'),
    )
    expect(withState(found, 'failed')).toEqual(['proxy/buffering'])
    const text = textOf(found.get('proxy/buffering'))
    expect(text).toMatch(/nginx\.conf:\d+ collects answers/)
    expect(text).toContain('no event arrives within 1000 ms')
  })

  test('a read timeout of 30 s fails, and so does the one that nobody set [check/proxy/timeouts]', async () => {
    const short = await look(conf('proxy_read_timeout 1h;', 'proxy_read_timeout 30s;'))
    expect(withState(short, 'failed')).toEqual(['proxy/timeouts'])
    expect(textOf(short.get('proxy/timeouts'))).toMatch(
      /nginx\.conf:37 cuts what is silent for 30 s/,
    )
    expect(withState(await look(conf('proxy_read_timeout 1h;')), 'failed')).toEqual([
      'proxy/timeouts',
    ])
  })

  test('Authorization that is dropped fails, by its line and live [check/proxy/authorization]', async () => {
    const header = 'proxy_set_header X-Forwarded-Proto $scheme;'
    const found = await look(conf(header, `${header} proxy_set_header Authorization "";`))
    expect(withState(found, 'failed')).toEqual(['proxy/authorization'])
    expect(withState(found, 'unproved')).toEqual(['proxy/buffering'])
    const text = textOf(found.get('proxy/authorization'))
    expect(text).toMatch(/nginx\.conf:35 drops Authorization/)
    expect(text).toContain('answers as to somebody without a key')
  })

  test('a key of the proxy itself lets everybody in', async () => {
    const header = 'proxy_set_header X-Forwarded-Proto $scheme;'
    const own = `proxy_set_header Authorization "Bearer ${gateway.token}";`
    const found = await look(conf(header, `${header} ${own}`))
    expect(withState(found, 'failed')).toEqual(['proxy/authorization', 'door/unauthenticated'])
    expect(JSON.stringify([...found])).not.toContain(gateway.token)
  })

  test('Host that is not passed on fails, by its line and live [check/proxy/host]', async () => {
    const named = conf('proxy_set_header Host $host:$server_port;')
    // By the name of the group nothing but refusals come back.
    expect(withState(await look(named), 'failed')).toContain('proxy/host')
    const found = await look(named.replaceAll('http://gateway', gateway.data))
    expect(withState(found, 'failed')).toEqual(['proxy/host'])
    const text = textOf(found.get('proxy/host'))
    expect(text).toMatch(/nginx\.conf:\d+ gives the gateway another Host/)
    expect(text).toContain('with a foreign Host: the gateway answers 200')
  })

  test('plain HTTP that passes on fails, and so does one that sends on for now [check/tls/redirect] [check/tls/no-plain]', async () => {
    const sendOn = `return 308 https://localhost:${ports.https}$request_uri;`
    const through = `location / { proxy_pass http://gateway; proxy_set_header Host $host; proxy_buffering off; proxy_read_timeout 1h; }`
    const plain = await look(conf(sendOn, through))
    expect(withState(plain, 'failed')).toEqual(['tls/redirect', 'tls/no-plain'])
    expect(textOf(plain.get('tls/no-plain'))).toMatch(
      /nginx\.conf:16 passes MCP on from plain HTTP/,
    )
    const forNow = await look(conf('return 308', 'return 302'))
    expect(withState(forNow, 'failed')).toEqual(['tls/redirect'])
    const nothing = await look(conf(sendOn, 'return 444;'))
    expect(nothing.get('tls/redirect')?.state).toBe('unproved')
  })

  test('an expired certificate fails, and no key is sent over it [check/tls/expiry]', async () => {
    const found = await look(
      conf('ssl_certificate leaf.pem;', 'ssl_certificate expired.pem;').replace(
        'leaf.key',
        'expired.key',
      ),
    )
    expect(withState(found, 'failed')).toEqual(['tls/public', 'tls/expiry'])
    expect(textOf(found.get('tls/expiry'))).toContain('has expired at')
    expect(withState(found, 'unproved')).toEqual(['proxy/buffering', 'proxy/authorization'])
  })

  test.each([
    ['another name', 'other', 'the certificate is for another name'],
    ['an authority that nobody trusts', 'strange', 'leads to an authority that nobody here trusts'],
  ])('a certificate of %s fails [check/tls/public]', async (_case, file, words) => {
    const text = conf('leaf.pem', `${file}.pem`).replace('leaf.key', `${file}.key`)
    const found = await look(text)
    expect(withState(found, 'failed')).toEqual(['tls/public'])
    expect(textOf(found.get('tls/public'))).toContain(words)
  })

  test('TLS 1.0 and 1.1 fail, by their line and live [check/tls/versions]', async () => {
    const old = 'ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;'
    const found = await look(conf('ssl_protocols TLSv1.2 TLSv1.3;', old))
    expect(withState(found, 'failed')).toEqual(['tls/versions'])
    const text = textOf(found.get('tls/versions'))
    expect(text).toMatch(/nginx\.conf:26 allows TLSv1\.1/)
    expect(text).toContain('TLSv1.1 is spoken')
  })

  test('a proxy that adds no HSTS and tells its version fails', async () => {
    const text = conf('server_tokens off;').replace(/add_header Strict.*always;/, '')
    const found = await look(text)
    expect(withState(found, 'failed')).toEqual(['door/headers'])
    expect(textOf(found.get('door/headers'))).toMatch(
      /nginx\/.*without `Strict-Transport-Security`/,
    )
  })

  test('a proxy that lets every page read fails', async () => {
    const found = await look(
      conf('deny all;', 'deny all; add_header Access-Control-Allow-Origin * always;').replace(
        'add_header Strict',
        'add_header X-Unused yes; add_header Strict',
      ),
    )
    expect(withState(found, 'failed')).toEqual(['door/cors'])
  })

  test('a proxy that shows the metrics of the admin listener fails', async () => {
    const shown = `location /metrics { proxy_pass ${gateway.admin}; proxy_set_header Host $host; }`
    const found = await look(conf('location / {', `${shown}\n    location / {`))
    expect(withState(found, 'failed')).toEqual(['metrics/protected'])
    expect(textOf(found.get('metrics/protected'))).toContain('200 with series to anybody')
  })

  test('a proxy that lets not even this machine in hides what is behind it, and fails nothing', async () => {
    const hidden = ['proxy/in-front', 'proxy/buffering', 'proxy/authorization', 'door/headers']
    const closed = await look(conf('allow 127.0.0.1;'))
    expect(withState(closed, 'failed')).toEqual([])
    expect(withState(closed, 'unproved')).toEqual(expect.arrayContaining(hidden))
    await writeFile(join(gateway.dir, 'people'), 'me:{PLAIN}none\n')
    const asking = await look(
      conf('allow 127.0.0.1;', 'allow 127.0.0.1; auth_basic us; auth_basic_user_file people;'),
    )
    expect([withState(asking, 'failed'), withState(asking, 'unproved')]).toEqual([[], hidden])
    const certified = await look(
      conf(
        'allow 127.0.0.1;',
        'allow 127.0.0.1; ssl_client_certificate ca.pem; ssl_verify_client on;',
      ),
    )
    expect([withState(certified, 'failed'), withState(certified, 'unproved')]).toEqual([[], hidden])
  })

  test('nothing but the key in front is left to a person [check/proxy/extra-auth]', async () => {
    const found = await look(conf('deny all;').replace('allow 127.0.0.1;', ''))
    expect(withState(found, 'failed')).toEqual([])
    expect(withState(found, 'unproved')).toEqual(['proxy/extra-auth'])
  })

  test('a backup that speaks another protocol fails, and so does the admin listener [check/proxy/config]', async () => {
    const server = createServer((socket) => socket.end('-ERR unknown command\r\n')).listen(
      0,
      '127.0.0.1',
    )
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // listening on TCP
    const main = `server ${new URL(gateway.data).host};`
    const of = async (backup: string): Promise<Finding | undefined> => {
      const found = await look(conf(main, `${main}\n    server ${backup} backup;`))
      expect(withState(found, 'failed')).toEqual(['proxy/config'])
      return found.get('proxy/config')
    }
    try {
      expect(textOf(await of(`127.0.0.1:${port}`))).toMatch(
        /nginx\.conf:15 passes on to the backup http:\/\/127\.0\.0\.1:\d+, but what answers there does not speak HTTP/,
      )
      expect(textOf(await of(new URL(gateway.admin).host))).toContain('which is the admin listener')
    } finally {
      server.close()
    }
    expect(textOf(await of(`127.0.0.1:${await freePort()}`))).toContain('but nothing listens there')
  })

  test.each([
    [
      'ssl_certificate_key leaf.key;',
      'ssl_certificate_key absent.key;',
      'the key absent.key, which is not there',
    ],
    [
      'ssl_certificate leaf.pem;',
      'ssl_certificate leaf.key;',
      'the certificate leaf.key, which is no PEM of one',
    ],
    ['server_tokens off;', 'include absent.conf;', 'includes absent.conf, which is not there'],
    ['pid nginx.pid;', 'pid nginx.pid', 'nginx.conf:3 is not ended by `;`'],
  ])('a file that nginx would not start with fails: %s %s', async (line, by, words) => {
    const found = await look(conf(), conf(line, by))
    expect(withState(found, 'failed')).toEqual(['proxy/config'])
    expect(textOf(found.get('proxy/config'))).toContain(words)
  })

  test('callers who all share the address of the proxy fail, and so does a proxy of somebody else [check/proxy/in-front]', async () => {
    await using _ = await startNginx(gateway.dir, conf(), ports.https)
    const { config } = deployment
    if (config === undefined) throw new Error('the configuration cannot be read')
    const looked = { ...deployment, config: { ...config, trustedProxies: [] } }
    const found = await findings(looked, PROXY_IDS)
    expect(withState(found, 'failed')).toEqual(['proxy/in-front'])
    await _[Symbol.asyncDispose]()
    const elsewhere = conf(
      'location / {',
      'location /.well-known { return 200 "{}"; }\n    location / {',
    )
    expect(withState(await look(elsewhere), 'failed')).toEqual(['proxy/in-front'])
  })

  test('a public address in the clear fails', async () => {
    const { config } = deployment
    if (config === undefined) throw new Error('the configuration cannot be read')
    const open = { ...config, publicUrl: 'http://mcp.example.com' }
    const found = await findings({ ...deployment, config: open }, [
      'tls/public',
      'tls/expiry',
      'tls/versions',
      'tls/no-plain',
    ])
    expect(withState(found, 'failed')).toEqual([
      'tls/public',
      'tls/expiry',
      'tls/versions',
      'tls/no-plain',
    ])
  })
})
