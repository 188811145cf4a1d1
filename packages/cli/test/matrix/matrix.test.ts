import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exceptionOf } from './exceptions.ts'
import { CLIENTS, Matrix } from './run.ts'
import { KINDS } from './servers.ts'

let matrix: Matrix
beforeAll(async () => {
  matrix = await Matrix.start()
})
afterAll(async () => {
  if (process.env['MATRIX_LOGS']) console.log(matrix.logs)
  await matrix[Symbol.asyncDispose]()
})

describe.each(KINDS)('$title', (server) => {
  test.each(CLIENTS)('$title', async (client) => {
    const entry = matrix.servers.find(({ name }) => name === server.name)
    if (!entry) throw new Error('no such server')
    const outcomes = await matrix.pair(client, entry)
    const wrong = [...outcomes].flatMap(([feature, outcome]) => {
      const expected = exceptionOf(feature, client.name, server.name)
      if (!expected && outcome) return [`${feature}: ${outcome.message}`]
      return expected && !outcome ? [`${feature} works, though: ${expected.reason}`] : []
    })
    expect(wrong).toEqual([])
  })
})
