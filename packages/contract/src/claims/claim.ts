/**
 * One promise to whoever runs or reaches Sallyport: a behaviour that could be false. A test proves it by
 * carrying the claim's id in brackets in its name: `test('a foreign Host is 403 [door/host/foreign]', ...)`.
 */
export interface Claim {
  /** What happens, as a sentence. */
  readonly behavior: string
  /** Where the requirement comes from: the protocol, an RFC, the design, a rule or scenario by its number. */
  readonly source: string
  /** Why nothing proves this yet, and which part will. Absent means that a test must cite it. */
  readonly deferred?: string
}

/** The claims of one unit: every id starts with the unit's name, so that no two units share an id. */
export type ClaimsOf<Unit extends string> = Readonly<Record<`${Unit}/${string}`, Claim>>
