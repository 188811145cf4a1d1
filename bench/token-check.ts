/**
 * What a token of an identity provider costs at the door: the first time, and once it is known. Prints one line
 * per algorithm. Run it alone: `node bench/token-check.ts`.
 */
import { systemClock } from '@sallyport/kit/clock'
import { builtInGrants } from '@sallyport/kit/door'
import { silentLog } from '@sallyport/kit/log'
import { TestIssuer } from '@sallyport/kit/testing/issuer'
import { createSubjectIds, TokenIssuers } from '@sallyport/kit/tokens'
import { median } from './median.ts'

const BASE = 'https://mcp.example.com'
const FIRST_TOKENS = 500
const KNOWN_ROUNDS = 20
const KNOWN_PER_ROUND = 10_000
const VISIT = { address: '192.0.2.1', path: '/mcp' }

/** Of the size that providers write. */
const FILLING = {
  client_id: '0b2f8c3e-5a3e-4d57-9f0e-8a6f0c2c1d11',
  jti: 'd7a2f9d0b8a34c0c9f6f6f3f2b1e0d9c',
  groups: ['engineering', 'platform', 'on-call', 'mcp-users'],
}

for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) await measure(algorithm)

async function measure(algorithm: string): Promise<void> {
  await using issuer = await TestIssuer.start(algorithm)
  using issuers = new TokenIssuers(
    { main: rules(issuer.url, algorithm) },
    {
      ...{ clock: systemClock, log: silentLog, grants: builtInGrants() },
      own: () => ({ base: BASE }),
      digestOf: createSubjectIds(Buffer.alloc(32, 1)),
      onSeen: () => undefined,
      onExpired: () => undefined,
    },
  )
  const sign = (sub: string): Promise<string> =>
    issuer.sign({ claims: { sub, aud: `${BASE}/mcp`, scope: 'mcp:call', ...FILLING } })
  const tokens: string[] = []
  for (let at = 0; at < FIRST_TOKENS * 2; at += 1) tokens.push(await sign(`user-${at}`))
  // The first half warms up.
  const first: number[] = []
  for (const token of tokens) first.push(await microseconds(() => issuers.judge(token, VISIT)))
  const [token = ''] = tokens
  const known: number[] = []
  for (let round = 0; round < KNOWN_ROUNDS; round += 1) {
    const startedMs = performance.now()
    for (let at = 0; at < KNOWN_PER_ROUND; at += 1) issuers.judge(token, VISIT)
    known.push(((performance.now() - startedMs) * 1_000) / KNOWN_PER_ROUND)
  }
  const line = {
    algorithm,
    characters: token.length,
    firstUs: round(median(first.slice(FIRST_TOKENS))),
    knownUs: round(median(known.slice(KNOWN_ROUNDS / 2))),
  }
  console.log(JSON.stringify(line))
}

async function microseconds(run: () => unknown): Promise<number> {
  const startedMs = performance.now()
  await run()
  return (performance.now() - startedMs) * 1_000
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function rules(issuer: string, algorithm: string) {
  return {
    ...{ issuer, algorithms: [algorithm], types: ['at+jwt'], claims: {}, roles: {} },
    ...{ scopes: { 'mcp:call': ['caller'] }, defaultRoles: [], skewMs: 30_000 },
    ...{ maxLifeMs: 86_400_000, timeoutMs: 5_000, jwksMaxAgeMs: 3_600_000 },
    ...{ jwksCooldownMs: 10_000, jwksKeysMax: 100 },
  }
}
