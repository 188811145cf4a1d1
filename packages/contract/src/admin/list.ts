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

/** A moment as the API writes it: ISO 8601, UTC, with milliseconds. */
export const instant = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'ISO 8601, UTC, milliseconds.' })
