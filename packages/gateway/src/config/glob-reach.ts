/**
 * Whether a glob of an endpoint can fit some text that begins with `prefix` and goes on. Time is at most the
 * product of both lengths.
 */
export function canFitBelow(glob: string, prefix: string): boolean {
  // Every place in the glob that the text so far may have led to.
  let places = openStars(glob, new Set([0]))
  for (const letter of prefix) {
    const next = new Set<number>()
    for (const place of places) {
      const wanted = glob[place]
      if (wanted === '*') next.add(place)
      else if (wanted === '?' || wanted === letter) next.add(place + 1)
    }
    if (next.size === 0) return false
    places = openStars(glob, next)
  }
  return [...places].some((place) => place < glob.length)
}

/** A `*` may be an empty run, so that what follows it is reached too. */
function openStars(glob: string, places: Set<number>): Set<number> {
  // What is added on the way is visited by the same loop.
  for (const place of places) if (glob[place] === '*') places.add(place + 1)
  return places
}

/** Whether a glob is a plain text, without `*` and `?`. */
export function isPlain(glob: string): boolean {
  return !/[*?]/.test(glob)
}
