import type { Attestation } from '@sallyport/contract/checklist'

/** What a person stands for, as evidence says it. */
export interface AttestationWords {
  readonly by: string
  readonly note: string
  readonly expiresAt: string
  readonly isOver: boolean
}

/** The sentence for an attestation. */
export function attestationText(
  { by, note, expiresAt }: Pick<Attestation, 'by' | 'note' | 'expiresAt'>,
  isOver: boolean,
): string {
  return `${by}, ${isOver ? 'until it expired at' : 'until'} ${expiresAt}: ${note}`
}

/** Reads such a sentence again; undefined where it is another one. */
export function readAttestationText(text: string): AttestationWords | undefined {
  const [, by, over, expiresAt, note] =
    /^(.{1,256}?), until (it expired at )?(\d{4}-\d\d-\d\dT[\d:.]{5,15}Z): ([\s\S]*)$/.exec(text) ??
    []
  if (by === undefined || expiresAt === undefined || note === undefined) return undefined
  return { by, note, expiresAt, isOver: over !== undefined }
}
