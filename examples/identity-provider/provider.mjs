// An identity provider to try the gateway with, without dependencies: http://127.0.0.1:9290, one client, tokens
// of ten minutes for whatever `resource` is asked for. It forgets its key when it stops. Not for any other use.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'

const issuer = 'http://127.0.0.1:9290'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const kid = randomUUID()
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(resource, scope) {
  const now = Math.floor(Date.now() / 1_000)
  const claims = { iss: issuer, sub: 'agent', aud: resource, scope, iat: now, exp: now + 600 }
  const text = `${part({ alg: 'ES256', typ: 'at+jwt', kid })}.${part(claims)}`
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' }
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

const documents = {
  '/.well-known/oauth-authorization-server': {
    issuer,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks.json`,
    response_types_supported: ['code'],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
  },
  '/jwks.json': {
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }],
  },
}

createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const document = documents[request.url]
  if (document) return answer(200, document)
  if (request.method !== 'POST' || request.url !== '/token') return answer(404, {})
  if (request.headers.authorization !== `Basic ${btoa('agent:secret')}`) {
    return answer(401, { error: 'invalid_client' })
  }
  let text = ''
  for await (const chunk of request) text += chunk
  const form = new URLSearchParams(text)
  const scope = form.get('scope') ?? ''
  const access_token = token(form.get('resource'), scope)
  answer(200, { access_token, token_type: 'Bearer', expires_in: 600, scope })
}).listen(9290, '127.0.0.1')
