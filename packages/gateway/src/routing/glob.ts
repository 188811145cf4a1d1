/** What passes: a text that some `allow` glob fits (absent = every text does) and no `deny` glob. */
interface Selecting {
  readonly allow?: readonly string[] | undefined
  readonly deny?: readonly string[] | undefined
}

/**
 * Whether a whole text fits a glob: `*` is any run, also an empty one, `?` is one character, anything else
 * is itself. Time is at most the product of both lengths, whatever they hold.
 */
export function fitsGlob(glob: string, text: string): boolean {
  let at = 0
  let inGlob = 0
  // Where the last `*` stood, and how far the text had been given to it. Earlier ones need no second look.
  let star = -1
  let given = 0
  while (at < text.length) {
    const wanted = glob[inGlob]
    if (wanted === '*') {
      star = inGlob
      given = at
      inGlob += 1
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      inGlob += 1
      at += 1
    } else if (star !== -1) {
      inGlob = star + 1
      given += 1
      at = given
    } else {
      return false
    }
  }
  while (glob[inGlob] === '*') inGlob += 1
  return inGlob === glob.length
}

const NO_GLOBS: readonly string[] = []

/** Whether an operator's selection lets a name pass: what is denied stays out, even when allowed. */
export function selects({ allow, deny = NO_GLOBS }: Selecting, text: string): boolean {
  if (allow && !allow.some((glob) => fitsGlob(glob, text))) return false
  return !isDenied(deny, text)
}

/** Whether one of the globs of `deny` fits. */
export function isDenied(deny: readonly string[], text: string): boolean {
  return deny.some((glob) => fitsGlob(glob, text))
}
