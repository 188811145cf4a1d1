import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditFault } from '../../src/store/store.ts'
import { filledPlace, testEngines, verifyPlace, type TestEngine } from '../fixtures/stores.ts'

/** What an intruder does to a chain of ten rows, and what is to be found. */
const TAMPERINGS: readonly [string, readonly string[], readonly [number, AuditFault['kind']][]][] =
  [
    ['an edited row', ["update audit set tool = 'other' where seq = 5"], [[5, 'edited']]],
    ['an added member', ["update audit set member = 'other' where seq = 5"], [[5, 'edited']]],
    [
      'an edited hash',
      ['update audit set hash = (select hash from audit where seq = 3) where seq = 5'],
      [[5, 'edited']],
    ],
    [
      'a number no row ever had',
      ['update audit set at = 9223372036854775807 where seq = 5'],
      [[5, 'edited']],
    ],
    ['a removed row', ['delete from audit where seq = 5'], [[5, 'missing']]],
    [
      'removed rows',
      ['delete from audit where seq in (5, 6, 8)'],
      [
        [5, 'missing'],
        [8, 'missing'],
      ],
    ],
    ['a removed beginning', ['delete from audit where seq < 4'], [[1, 'missing']]],
    ['a cut tail', ['delete from audit where seq > 7'], [[8, 'truncated']]],
    ['no rows left', ['delete from audit'], [[1, 'truncated']]],
    [
      'a cut tail with its head moved back',
      [
        'delete from audit where seq > 7',
        'update audit_heads set seq = 7, hash = (select hash from audit where seq = 7)',
      ],
      [[8, 'truncated']],
    ],
    [
      'a removed beginning that claims to be pruned',
      [
        'update audit_heads set pruned_seq = 3, pruned_hash = (select hash from audit where seq = 3)',
        'delete from audit where seq <= 3',
      ],
      [[1, 'missing']],
    ],
    [
      'two swapped rows',
      [
        'update audit set seq = -5 where seq = 5',
        'update audit set seq = 5 where seq = 6',
        'update audit set seq = 6 where seq = -5',
      ],
      [
        [5, 'reordered'],
        [6, 'reordered'],
      ],
    ],
    [
      'the contents of two rows swapped',
      [
        "update audit set request_id = case seq when 3 then 'row-8' else 'row-3' end where seq in (3, 8)",
      ],
      [
        [3, 'reordered'],
        [8, 'reordered'],
      ],
    ],
    [
      'an edited row at the end',
      ["update audit set outcome = 'refused' where seq = 10"],
      [[10, 'edited']],
    ],
    [
      'a row added behind the head',
      [
        `insert into audit (writer, seq, at, kind, request_id, principal, address, method, outcome, hash)
        select writer, 11, at, kind, request_id, principal, address, method, outcome, hash
        from audit where seq = 10`,
      ],
      [[11, 'edited']],
    ],
    [
      'a row moved before the beginning',
      ['update audit set seq = -1 where seq = 4'],
      [
        [-1, 'edited'],
        [4, 'missing'],
      ],
    ],
    [
      'a removed head',
      ['delete from audit_heads'],
      [
        [0, 'missing'],
        [11, 'truncated'],
      ],
    ],
    ['a removed chain', ['delete from audit', 'delete from audit_heads'], [[0, 'missing']]],
    ['a removed count of chains', ['delete from audit_roster'], [[0, 'missing']]],
  ]

describe.each(testEngines())('the verification on %s', (_name, start) => {
  let engine: TestEngine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
  })

  test.each(TAMPERINGS)('finds %s [record/tamper]', async (_what, statements, faults) => {
    const place = await filledPlace(engine, 10)
    await place.tamper(...statements)
    const report = await verifyPlace(place)
    expect(report.broken.map(({ seq, kind }) => [seq, kind])).toEqual(faults)
    expect(report.ok).toBe(false)
  })
})
