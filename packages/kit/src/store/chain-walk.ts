import { AUDIT_COLUMNS, canonicalRow, chainHash, toAuditColumns } from './audit-row.ts'
import type { AuditValues, ChainPoint } from './audit-row.ts'
import { toBlob, type SqlRow } from './sql-runner.ts'
import type { AuditFault } from './store.ts'

type FaultKind = AuditFault['kind']

/** A row whose hash does not follow from what stands before it. */
interface Suspect {
  readonly seq: number
  readonly values: AuditValues
  readonly hash: Buffer
  /** The hash of the row before it, as it stands now. */
  readonly previous: Uint8Array
  /** What the hash ought to be. */
  readonly computed: Buffer
}

/** Suspects compared with each other; further ones count as edited. Bounds the work, not the finding. */
const COMPARED_MAX = 32
const SEQ = AUDIT_COLUMNS.indexOf('seq')

/**
 * Recomputes one chain, row by row in the order of `seq`, in memory that does not grow with it. Pure:
 * rows come in, faults come out.
 */
export class ChainWalk {
  readonly #writer: string
  readonly #suspects: Suspect[] = []
  readonly #faults = new Map<number, FaultKind>()
  #seq: number
  #hash: Uint8Array
  #id = -Infinity
  #linked = true
  rows = 0

  /** @param start what the first row follows: the start of the chain, or where it was pruned */
  constructor(start: ChainPoint) {
    this.#writer = start.writer
    this.#seq = start.seq
    this.#hash = start.hash
  }

  /** The `seq` of the last row taken. */
  get seq(): number {
    return this.#seq
  }

  /** Goes on behind rows that were pruned since the walk began; points before it change nothing. */
  skipTo(pruned: ChainPoint): void {
    if (pruned.seq <= this.#seq) return
    this.#seq = pruned.seq
    this.#hash = pruned.hash
  }

  take(row: SqlRow): void {
    const seq = Number(row['seq'])
    this.rows += 1
    // Sorted and unique, so only a row before the start of the chain.
    if (seq <= this.#seq) {
      this.#fault(seq, 'edited')
      return
    }
    if (seq > this.#seq + 1) {
      this.#fault(this.#seq + 1, 'missing')
      this.#linked = false // what it should follow is gone
    }
    const hash = toBlob(row['hash'])
    if (this.#linked) this.#check(seq, hash, row)
    // Row ids rise as rows are appended.
    const id = Number(row['id'])
    if (id <= this.#id) this.#fault(seq, 'reordered')
    this.#id = Math.max(this.#id, id)
    this.#seq = seq
    this.#hash = hash
    this.#linked = true
  }

  /**
   * Judges what was taken, against the sealed head of the chain.
   *
   * @param head undefined when it is gone or not sealed by us: then the end is not proven
   */
  finish(head: ChainPoint | undefined): AuditFault[] {
    this.#classify()
    if (head === undefined || this.#seq < head.seq) this.#fault(this.#seq + 1, 'truncated')
    else if (this.#seq === head.seq && !Buffer.from(head.hash).equals(this.#hash)) {
      this.#fault(this.#seq, 'edited')
    }
    return [...this.#faults]
      .toSorted(([a], [b]) => a - b)
      .map(([seq, kind]) => ({ writer: this.#writer, seq, kind }))
  }

  #check(seq: number, hash: Buffer, row: SqlRow): void {
    const values = toAuditColumns(row)
    const computed = chainHash(this.#hash, canonicalRow(values))
    if (computed.equals(hash)) return
    if (this.#suspects.length >= COMPARED_MAX) this.#fault(seq, 'edited')
    else this.#suspects.push({ seq, values, hash, previous: this.#hash, computed })
  }

  #fault(seq: number, kind: FaultKind): void {
    if (!this.#faults.has(seq) && this.#faults.size < FAULTS_MAX) this.#faults.set(seq, kind)
  }

  #classify(): void {
    const [first] = this.#suspects
    if (first === undefined) return
    const anchors = uniqueHashes(
      this.#suspects.flatMap(({ hash, previous, computed }) => [hash, previous, computed]),
    )
    for (const suspect of this.#suspects) {
      const verdict = judge(suspect, this.#suspects, anchors)
      if (verdict !== 'intact') this.#fault(suspect.seq, verdict)
    }
    // Something broke the chain, even when every row looks whole by itself.
    if (this.#faults.size === 0) this.#fault(first.seq, 'edited')
  }
}

/** Faults listed per chain; one is enough to condemn it. */
export const FAULTS_MAX = 1_000

/**
 * What happened to a suspect. `intact`: its hash fits its content and place, after one of the hashes that
 * were displaced or replaced around it; the fault is its neighbour's.
 */
function judge(
  suspect: Suspect,
  all: readonly Suspect[],
  anchors: readonly Uint8Array[],
): 'intact' | 'reordered' | 'edited' {
  for (const { seq } of all) {
    const canonical = canonicalRow(suspect.values.with(SEQ, seq))
    const fits = anchors.some((anchor) => chainHash(anchor, canonical).equals(suspect.hash))
    if (fits) return seq === suspect.seq ? 'intact' : 'reordered'
  }
  // The other way to swap: the contents moved and the hashes stayed.
  const exchanged = all.some(
    (other) =>
      other !== suspect &&
      chainHash(suspect.previous, canonicalRow(other.values.with(SEQ, suspect.seq))).equals(
        suspect.hash,
      ),
  )
  return exchanged ? 'reordered' : 'edited'
}

function uniqueHashes(hashes: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(hashes.map((hash) => [Buffer.from(hash).toString('hex'), hash])).values()]
}
