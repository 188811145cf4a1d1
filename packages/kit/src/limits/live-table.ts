/**
 * A small table whose entries come and go with every call: what is in flight, by id.
 *
 * A `Map` under such use leaves a chain of replaced hash tables behind, each of which keeps what was in it
 * alive until a full collection; on the call path that doubled the garbage collector's work. This one keeps
 * two arrays and looks from the newest entry back, which suits tens of entries and bears ten thousand.
 */
export class LiveTable<Key, Value> {
  readonly #keys: (Key | undefined)[] = []
  readonly #values: (Value | undefined)[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: Key): Value | undefined {
    const at = this.#find(key)
    return at === -1 ? undefined : this.#values[at]
  }

  has(key: Key): boolean {
    return this.#find(key) !== -1
  }

  /** Whether some key has this value. */
  hasValue(value: Value): boolean {
    for (let at = 0; at < this.#size; at += 1) if (this.#values[at] === value) return true
    return false
  }

  /** Adds an entry. The key must not be in the table. */
  add(key: Key, value: Value): void {
    this.#keys[this.#size] = key
    this.#values[this.#size] = value
    this.#size += 1
  }

  /** Removes an entry; false when there is none. */
  delete(key: Key): boolean {
    const at = this.#find(key)
    if (at === -1) return false
    this.#size -= 1
    this.#keys[at] = this.#keys[this.#size]
    this.#values[at] = this.#values[this.#size]
    this.#keys[this.#size] = undefined
    this.#values[this.#size] = undefined
    return true
  }

  /** The values there are now, in no order; a copy, so that entries may go meanwhile. */
  values(): Value[] {
    return this.#values.slice(0, this.#size) as Value[] // below the size every place is taken
  }

  /** The keys there are now, in no order; a copy, so that entries may go meanwhile. */
  keys(): Key[] {
    return this.#keys.slice(0, this.#size) as Key[] // below the size every place is taken
  }

  clear(): void {
    this.#keys.length = 0
    this.#values.length = 0
    this.#size = 0
  }

  #find(key: Key): number {
    for (let at = this.#size - 1; at >= 0; at -= 1) if (this.#keys[at] === key) return at
    return -1
  }
}
