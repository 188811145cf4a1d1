import { expect, test } from 'vitest'
import { gatewayConfig } from './gateway.ts'

const NO_QUOTA = { rate: undefined, burst: undefined, concurrent: undefined, daily: undefined }

test('what keeps a server up arrives as it stands in the file', () => {
  const { servers } = gatewayConfig.parse({
    mcpServers: {
      files: {
        command: 'files',
        prestart: true,
        runbook: 'https://example.com/files',
        breaker: { failures: 2, reset: '3s' },
        health: {
          ...{ every: '4s', timeout: '2s', failures: 5 },
          call: {
            tool: 'look',
            arguments: { deep: true },
            expect: { structuredContent: { ok: 1 } },
          },
        },
        caps: { memory: '64MiB', processes: 7, openFiles: 32, cpuTime: '90s' },
        limits: { rate: '2/s', perPrincipal: { writes: { burst: 3, rate: '1/s' } } },
        tools: { look: { resultBytes: '2KiB', limits: { writes: { concurrent: 4 }, daily: 5 } } },
      },
    },
  })
  const nothing = { ...NO_QUOTA, writes: NO_QUOTA }
  expect(servers['files']).toMatchObject({
    ...{ prestart: true, runbook: 'https://example.com/files' },
    breaker: { failures: 2, resetMs: 3_000 },
    health: {
      ...{ everyMs: 4_000, timeoutMs: 2_000, failures: 5 },
      call: { tool: 'look', arguments: { deep: true }, expect: { structuredContent: { ok: 1 } } },
    },
    caps: { memoryBytes: 67_108_864, processes: 7, openFiles: 32, cpuMs: 90_000 },
    limits: {
      ...{ ...nothing, rate: 2 },
      perPrincipal: { ...nothing, writes: { ...NO_QUOTA, burst: 3, rate: 1 } },
    },
    tools: {
      look: {
        resultBytes: 2_048,
        limits: {
          ...nothing,
          daily: 5,
          writes: { ...NO_QUOTA, concurrent: 4 },
          perPrincipal: nothing,
        },
      },
    },
  })
})

test('a group arrives as it stands in the file; members without numbers get theirs by their place', () => {
  const { groups } = gatewayConfig.parse({
    mcpServers: { a: { command: 'a' }, b: { command: 'b' } },
    groups: {
      answers: {
        members: ['a', { server: 'b', weight: 3, priority: 9 }],
        ...{ strategy: 'weighted', minHealthy: 2, below: 'refuse', hideMembers: true },
        canary: { member: 'b', percent: 5, principals: ['tester'] },
        breaker: { failures: 1, reset: '1m' },
        ...{ owner: 'search', description: 'answers', runbook: 'https://example.com/answers' },
      },
    },
  })
  expect(groups['answers']).toEqual({
    name: 'answers',
    members: [
      { server: 'a', weight: 1, priority: 1 },
      { server: 'b', weight: 3, priority: 9 },
    ],
    ...{ strategy: 'weighted', minHealthy: 2, below: 'refuse', hideMembers: true },
    canary: { member: 'b', percent: 5, principals: ['tester'] },
    breaker: { failures: 1, resetMs: 60_000 },
    ...{ owner: 'search', description: 'answers', runbook: 'https://example.com/answers' },
  })
})

test('limits of everybody arrive as they stand in the file', () => {
  const { limits } = gatewayConfig.parse({
    limits: {
      perPrincipal: { rate: '7/s', burst: 8, concurrent: 9, daily: 10, writes: { rate: '1/s' } },
      results: { perCall: '1KiB', perSession: '2KiB', keep: '6s' },
      idempotency: { keep: '2m', perPrincipal: 3, resultBytes: '4KiB' },
      stopDelay: '3s',
    },
  })
  expect(limits).toMatchObject({
    perPrincipal: {
      ...{ rate: 7, burst: 8, concurrent: 9, daily: 10 },
      writes: { ...NO_QUOTA, rate: 1, daily: 10_000 },
    },
    results: { perCallBytes: 1_024, perSessionBytes: 2_048, keepMs: 6_000 },
    idempotency: { keepMs: 120_000, perPrincipal: 3, resultBytes: 4_096 },
    stopDelayMs: 3_000,
  })
})
