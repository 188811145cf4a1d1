import { expect, test } from 'vitest'
import { deploymentOf } from '../test/fixtures/deployment.ts'
import { fact } from './deployment.ts'

/** Counts how often it is read; a reading ends with its signal, or with `end`. */
function counting() {
  const ends: ((text: string) => void)[] = []
  const read = fact<string>((_deployment, signal) => {
    return new Promise((resolve, reject) => {
      ends.push(resolve)
      signal.addEventListener('abort', () => reject(new Error('too late')), { once: true })
    })
  })
  return { read, ends }
}

test('a fact is read once, however many ask', async () => {
  const { read, ends } = counting()
  const deployment = deploymentOf('/nowhere')
  const { signal } = new AbortController()
  const asked = [read(deployment, signal), read(deployment, signal)]
  ends[0]?.('seen')
  expect(await Promise.all(asked)).toEqual(['seen', 'seen'])
  expect(ends).toHaveLength(1)
})

test('the deadline of whoever asked first ends nobody else', async () => {
  const { read, ends } = counting()
  const deployment = deploymentOf('/nowhere')
  const [short, long] = [new AbortController(), new AbortController()]
  const first = read(deployment, short.signal)
  const others = [read(deployment, long.signal), read(deployment, long.signal)]
  short.abort()
  await expect(first).rejects.toThrow('too late')
  await expect.poll(() => ends.length).toBe(2)
  ends[1]?.('seen')
  expect(await Promise.all(others)).toEqual(['seen', 'seen'])
})

test('a failure that is no deadline is kept', async () => {
  let reads = 0
  const read = fact(() => Promise.reject(new Error(`broken ${(reads += 1)}`)))
  const deployment = deploymentOf('/nowhere')
  const { signal } = new AbortController()
  await expect(read(deployment, signal)).rejects.toThrow('broken 1')
  await expect(read(deployment, signal)).rejects.toThrow('broken 1')
})
