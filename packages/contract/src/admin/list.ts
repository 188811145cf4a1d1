import { z } from 'zod'

/** One page of a list; `next` is the cursor of the page after it, absent on the last one. */
export function listOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next: z.ZodOptional<z.ZodString> }, z.core.$strict> {
  return z.strictObject({
    items: z.array(item),
    next: z.string().optional().meta({ description: 'Pass as `cursor` for the next page.' }),
  })
}

const LIMIT_ERROR = 'must be a number from 1 to 500'

/** The query of every list: which page of it. Extend it for filters. */
export const listQuery = z.strictObject({
  limit: z
    .string({ error: LIMIT_ERROR })
    .regex(/^\d{1,3}$/, { error: LIMIT_ERROR })
    .transform(Number)
    .pipe(z.int().min(1, { error: LIMIT_ERROR }).max(500, { error: LIMIT_ERROR }))
    .default(100)
    .meta({ description: 'Items in the answer, 1 to 500.' }),
  cursor: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'The `next` of the page before; absent for the first page.' }),
})

export type ListQuery = z.output<typeof listQuery>

/** A moment as the API writes it: ISO 8601, UTC, with milliseconds. */
export const instant = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'ISO 8601, UTC, milliseconds.' })
