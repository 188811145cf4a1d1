import { killMarkedNow } from './mark.ts'

/** For programs that leave their group and fork while they are looked for; a look takes some milliseconds. */
const MARKED_MS_MAX = 500

/** What can be killed without waiting for anything. */
export interface Killable {
  killNow(): void
}

/** Of this process, whichever gateways are in it. */
const children = new Set<Killable>()
const marks = new Set<string>()

/** Counts a child among those that `killChildrenNow` kills, until the disposal. */
export function registerChild(child: Killable): Disposable {
  children.add(child)
  return { [Symbol.dispose]: () => void children.delete(child) }
}

/** Counts the processes that carry this mark, or one below it, among those that `killChildrenNow` kills. */
export function registerMark(mark: string): Disposable {
  marks.add(mark)
  return { [Symbol.dispose]: () => void marks.delete(mark) }
}

/**
 * Kills every child of this process with all it started, for an end that waits for nothing: no promise, timer
 * or thread is needed. Takes half a second at most, mostly a few milliseconds. Processes that left their group
 * are found on Linux alone.
 */
export function killChildrenNow(): void {
  for (const child of children) child.killNow()
  if (marks.size > 0) killMarkedNow([...marks], MARKED_MS_MAX)
}
