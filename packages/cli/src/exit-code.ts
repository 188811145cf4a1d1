/** How a verb ends when nothing was thrown. Errors have theirs in `kit/lifecycle`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unproved: 3 } as const
