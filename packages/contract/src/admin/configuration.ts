import { z } from 'zod'
import { instant, listOf } from './list.ts'

/** One thing that is wrong with a configuration; by shape, never by value. */
export const configProblem = z
  .strictObject({
    severity: z.enum(['error', 'warning']),
    path: z.string().meta({ description: 'Key path; empty for the whole file.' }),
    file: z.string(),
    line: z.int().min(0).meta({ description: 'From 1; 0 where there is none.' }),
    column: z.int().min(0),
    message: z.string(),
    remedy: z.string(),
  })
  .meta({ id: 'ConfigProblem' })

export const configCause = z.enum(['start', 'file', 'signal', 'api', 'rollback'])

/** A configuration that was in force. */
export const generationItem = z
  .strictObject({
    id: z.int().min(1),
    at: instant,
    cause: configCause,
    by: z.string().meta({ description: 'Id of a principal; empty where none asked for it.' }),
    digest: z.string().meta({ description: 'SHA-256 of its text, hex.' }),
    file: z.string().meta({ description: 'Where it was read: a path, or `environment`.' }),
    current: z.boolean(),
    of: z
      .int()
      .min(1)
      .nullable()
      .meta({ description: 'The generation that a rollback brought back; null for others.' }),
  })
  .meta({ id: 'Generation' })

/** Newest first. */
export const generationList = listOf(generationItem).meta({ id: 'GenerationList' })

/** A generation with its text. */
export const generationText = z
  .strictObject({
    id: z.int().min(1),
    text: z.string().meta({
      description: 'YAML, merged; references as they are written, literal secrets redacted.',
    }),
  })
  .meta({ id: 'GenerationText' })

const names = z.array(z.string())

/** What became of a wish for another configuration. */
export const reloadReport = z
  .strictObject({
    ok: z.boolean().meta({ description: 'Whether it is in force; otherwise nothing changed.' }),
    generation: z.int().min(0).meta({ description: 'The generation in force now.' }),
    of: z
      .int()
      .min(1)
      .nullable()
      .meta({ description: 'The generation that a rollback went back to; null for others.' }),
    changed: z.boolean().meta({ description: 'Whether anything differs from before.' }),
    servers: z.strictObject({
      kept: names.meta({ description: 'As they were: children, sessions and calls go on.' }),
      changed: names.meta({ description: 'New under an old name; the old one drains.' }),
      added: names,
      removed: names.meta({ description: 'They drain, then end.' }),
    }),
    problems: z.array(configProblem),
    cause: configCause,
    at: instant,
  })
  .meta({ id: 'ReloadReport' })

/** The answer to `GET /api/v1/config`. */
export const configStatus = z
  .strictObject({
    generation: generationItem
      .nullable()
      .meta({ description: 'The one in force; null while it is not in the store.' }),
    last: reloadReport.nullable().meta({ description: 'The last reload or rollback.' }),
  })
  .meta({ id: 'ConfigStatus' })

/** One value that the file and the configuration in force have differently. */
export const configDifference = z
  .strictObject({
    path: z.string(),
    kind: z.enum(['added', 'removed', 'changed']),
    before: z.string().optional().meta({ description: 'JSON text; absent where there was none.' }),
    after: z.string().optional(),
  })
  .meta({ id: 'ConfigDifference' })

/** What a reload would change now. */
export const configDiff = z
  .strictObject({
    differences: z.array(configDifference),
    problems: z.array(configProblem).meta({ description: 'Of the file as it is now.' }),
  })
  .meta({ id: 'ConfigDiff' })

/** The body of `POST /api/v1/config/rollback`; may be left out. */
export const rollbackCreate = z
  .strictObject({
    id: z
      .int({ error: 'must be the number of a generation' })
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({ description: 'The generation before what is in force by default.' }),
  })
  .meta({ id: 'RollbackCreate' })

export type GenerationItem = z.output<typeof generationItem>
export type GenerationList = z.output<typeof generationList>
export type GenerationText = z.output<typeof generationText>
export type ReloadResult = z.output<typeof reloadReport>
export type ConfigStatus = z.output<typeof configStatus>
export type ConfigDiffResult = z.output<typeof configDiff>
