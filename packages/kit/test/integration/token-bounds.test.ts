import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestIssuer, type TokenWish } from '../fixtures/issuer.ts'
import { AUDIENCE, issuerRules, TokenBench } from '../fixtures/token-bench.ts'

const TRIES = 400

let issuer: TestIssuer
let bench: TokenBench

beforeEach(async () => {
  issuer = await TestIssuer.start('RS256')
  bench = new TokenBench({ main: issuerRules(issuer, { algorithms: ['RS256'] }) })
})

afterEach(async () => {
  bench[Symbol.dispose]()
  await issuer[Symbol.asyncDispose]()
})

const sign = ({ claims, ...rest }: TokenWish = {}): Promise<string> =>
  issuer.sign({ ...rest, claims: { aud: AUDIENCE, ...claims } }, bench.clock.nowMs())

test('what is wrong with a token cannot be told from how long its refusal takes [tokens/refused]', async () => {
  const good = await sign()
  const [head, body, signature = ''] = good.split('.')
  const flipped = signature.startsWith('A') ? 'B' : 'A'
  const bad = {
    forged: `${head}.${body}.${flipped}${signature.slice(1)}`,
    expired: await sign({ claims: { exp: 1_000 } }),
    elsewhere: await sign({ claims: { aud: 'https://other.example.com' } }),
    nobody: await sign({ claims: { sub: undefined } }),
  }
  const times = new Map<string, number[]>(Object.keys(bad).map((name) => [name, []]))
  for (let count = 0; count < TRIES; count += 1) {
    for (const [name, token] of Object.entries(bad)) {
      // A refusal for its audience remembers the token, so each time it is a new judge's first.
      bench.issuers.apply({
        main: issuerRules(issuer, { algorithms: ['RS256'], jwks: issuer.jwks }),
      })
      const startedMs = performance.now()
      await bench.judge(token).catch(() => undefined)
      times.get(name)?.push(performance.now() - startedMs)
    }
  }
  const medians = [...times.values()].map(
    (values) => values.toSorted((a, b) => a - b)[TRIES / 2] ?? 0,
  )
  expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(2)
})

test('a thousand tokens may wait for keys, the next is told that it is too much [tokens/keys]', async () => {
  const gate = Promise.withResolvers<void>()
  issuer.onAsked = () => gate.promise
  const good = await sign()
  const [, body] = good.split('.')
  const head = (count: number): string =>
    Buffer.from(JSON.stringify({ alg: 'RS256', kid: `k${count}`, typ: 'at+jwt' })).toString(
      'base64url',
    )
  const waiting = Array.from({ length: 1_000 }, (_, count) =>
    bench.judge(`${head(count)}.${body}.AA`).catch(({ code }: { code: string }) => code),
  )
  await expect(bench.judge(good)).rejects.toMatchObject({ code: 'overloaded' })
  gate.resolve()
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['credential_invalid']))
  expect(await bench.judge(good)).toBeDefined()
})

test('the same token that comes many times at once is verified once [tokens/remembered]', async () => {
  const token = await sign()
  const all = await Promise.all(Array.from({ length: 50 }, () => bench.judge(token)))
  expect(new Set(all).size).toBe(1)
  expect(bench.seen).toHaveLength(1)
})

test('a token whose verification began before a change of configuration is not remembered after it [tokens/remembered]', async () => {
  const token = await sign()
  const gate = Promise.withResolvers<void>()
  issuer.onAsked = () => gate.promise
  const judging = bench.judge(token)
  bench.issuers.apply({})
  gate.resolve()
  await judging.catch(() => undefined)
  bench.issuers.apply({ main: issuerRules(issuer, { algorithms: ['ES256'] }) })
  await expect(bench.judge(token)).rejects.toMatchObject({ code: 'credential_invalid' })
})
