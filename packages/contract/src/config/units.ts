import { z } from 'zod'
import { foreignShape, textShape } from './text.ts'

/** Smallest and largest allowed value and the default, each written as in the file (`30s`, `1MiB`). */
export interface UnitBounds {
  readonly min: string
  readonly max: string
  /** Without one the key is required, unless the field is made optional. */
  readonly fallback?: string
  readonly description: string
}

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1_024,
  MiB: 1_024 ** 2,
  GiB: 1_024 ** 3,
  TiB: 1_024 ** 4,
}

/** Milliseconds of `250ms`, `30s`, `5m`, `12h` or `7d`; `undefined` for any other text. */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, /^(\d{1,12})(ms|s|m|h|d)$/, DURATION_MS)
}

/** Bytes of `512B`, `64KiB`, `1MiB`, `10GiB` or `1TiB`; `undefined` for any other text. */
export function parseSize(text: string): number | undefined {
  return parseAmount(text, /^(\d{1,12})(B|KiB|MiB|GiB|TiB)$/, SIZE_BYTES)
}

/** Events per second of `50/s`, with at most three decimals; `undefined` for any other text. */
export function parseRate(text: string): number | undefined {
  const [, amount] = /^(\d{1,9}(?:\.\d{1,3})?)\/s$/.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount)
}

function parseAmount(
  text: string,
  form: RegExp,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const [, amount, unit = ''] = form.exec(text) ?? []
  const factor = units[unit]
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor
}

interface Unit {
  readonly kind: string
  readonly example: string
  readonly units: string
  readonly pattern: string
  parse(text: string): number | undefined
}

const DURATION: Unit = {
  kind: 'duration',
  example: '30s',
  units: 'ms, s, m, h or d',
  pattern: '^[0-9]+(ms|s|m|h|d)$',
  parse: parseDuration,
}

const SIZE: Unit = {
  kind: 'size',
  example: '1MiB',
  units: 'B, KiB, MiB, GiB or TiB',
  pattern: '^[0-9]+(B|KiB|MiB|GiB|TiB)$',
  parse: parseSize,
}

const RATE: Unit = {
  kind: 'rate',
  example: '50/s',
  units: '/s',
  pattern: '^[0-9]+([.][0-9]{1,3})?/s$',
  parse: parseRate,
}

/** A duration in the file, milliseconds inside. */
export const duration = unitField(DURATION)
/** A size in the file, bytes inside. */
export const size = unitField(SIZE)
/** A rate in the file, events per second inside. */
export const rate = unitField(RATE)

type UnitSchema = z.ZodType<number, string>
type UnitSchemaWithDefault = z.ZodPrefault<UnitSchema>

interface UnitField {
  (bounds: UnitBounds & { readonly fallback: string }): UnitSchemaWithDefault
  (bounds: UnitBounds): UnitSchema
}

function unitField(unit: Unit): UnitField {
  const field = (bounds: UnitBounds): UnitSchema => {
    const form = `a ${unit.kind} such as \`${unit.example}\` (${unit.units})`
    const remedy = `write ${form} from ${bounds.min} to ${bounds.max}`
    const min = required(unit, bounds.min)
    const max = required(unit, bounds.max)
    const schema = z
      .string({
        error: ({ input }) =>
          input === undefined
            ? undefined
            : `expected ${form}, got ${foreignShape(input)}${typeof input === 'number' ? ' without unit' : ''}`,
      })
      .meta({ pattern: unit.pattern })
      .transform((text, context): number => {
        const value = unit.parse(text)
        if (value !== undefined && value >= min && value <= max) return value
        const message =
          value === undefined
            ? `expected ${form}, got ${textShape(text)}`
            : `must be from ${bounds.min} to ${bounds.max}`
        context.addIssue({ code: 'custom', message, params: { remedy } })
        return z.NEVER
      })
    const { description } = bounds
    const meta = { description, 'x-kind': unit.kind, 'x-min': bounds.min, 'x-max': bounds.max }
    if (bounds.fallback === undefined) return schema.meta(meta)
    required(unit, bounds.fallback)
    // The overloads above tell callers whether a default makes the key optional.
    return schema.prefault(bounds.fallback).meta(meta) as unknown as UnitSchema
  }
  return field as UnitField // one function behind both overloads
}

function required(unit: Unit, text: string): number {
  const value = unit.parse(text)
  if (value === undefined) throw new RangeError(`the schema itself holds no ${unit.kind}: ${text}`)
  return value
}

/** Bounds of a whole number; `unit` says in one word what is counted. */
export interface CountBounds {
  readonly min: number
  readonly max: number
  readonly fallback: number
  readonly unit: string
  readonly description: string
}

/** A whole number with bounds and a default. */
export function count(bounds: CountBounds): z.ZodDefault<z.ZodInt> {
  const { min, max, fallback, unit, description } = bounds
  return z.int().min(min).max(max).default(fallback).meta({ description, 'x-kind': unit })
}

/** A whole number with bounds that may be left out. */
export function optionalCount(bounds: Omit<CountBounds, 'fallback'>): z.ZodOptional<z.ZodInt> {
  const { min, max, unit, description } = bounds
  return z.int().min(min).max(max).optional().meta({ description, 'x-kind': unit })
}

/** `true` or `false` with a default. */
export function flag(fallback: boolean, description: string): z.ZodDefault<z.ZodBoolean> {
  return z.boolean().default(fallback).meta({ description })
}
