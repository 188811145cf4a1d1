import { z } from 'zod'

/** What a vulnerability scanner found. */
export interface ScanResult {
  readonly tool: 'SARIF' | 'Trivy' | 'Grype' | 'npm audit'
  /** What is high or critical and was not accepted: `CVE-2026-1 (openssl)`. */
  readonly grave: readonly string[]
  /** When, as the result says it; undefined where it does not. */
  readonly at: string | undefined
  /** The image that was looked at; undefined where it was none. */
  readonly image: string | undefined
  /** `sha256:...` of that image. */
  readonly digests: readonly string[]
}

const texts = z.array(z.string()).default([])

const trivy = z.object({
  SchemaVersion: z.number(),
  CreatedAt: z.string().optional(),
  ArtifactName: z.string().default(''),
  ArtifactType: z.string().optional(),
  Metadata: z.object({ RepoDigests: texts }).partial().optional(),
  Results: z
    .array(
      z.object({
        Vulnerabilities: z
          .array(
            z.object({
              VulnerabilityID: z.string(),
              PkgName: z.string().default(''),
              Severity: z.string(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
})

const grype = z.object({
  matches: z.array(
    z.object({
      vulnerability: z.object({ id: z.string(), severity: z.string().default('') }),
      artifact: z.object({ name: z.string().default('') }),
    }),
  ),
  source: z
    .object({
      type: z.string().optional(),
      target: z
        .object({ userInput: z.string(), repoDigests: texts, manifestDigest: z.string() })
        .partial()
        .or(z.string())
        .optional(),
    })
    .optional(),
  descriptor: z.object({ timestamp: z.string().optional() }).optional(),
})

const npmAudit = z.object({
  auditReportVersion: z.number(),
  vulnerabilities: z.record(z.string(), z.object({ severity: z.string() })),
})

const rule = z.object({
  id: z.string(),
  properties: z.object({ 'security-severity': z.coerce.number() }).partial().optional(),
})

const sarif = z.object({
  version: z.string(),
  runs: z.array(
    z.object({
      tool: z.object({ driver: z.object({ rules: z.array(rule).optional() }) }),
      invocations: z
        .array(
          z
            .object({
              endTimeUtc: z.string(),
              startTimeUtc: z.string(),
              executionSuccessful: z.boolean(),
            })
            .partial(),
        )
        .optional(),
      properties: z.object({ imageName: z.string(), repoDigests: texts }).partial().optional(),
      results: z
        .array(
          z.object({
            ruleId: z.string().optional(),
            ruleIndex: z.number().optional(),
            level: z.string().default('warning'),
            suppressions: z.array(z.unknown()).optional(),
          }),
        )
        .optional(),
    }),
  ),
})

const GRAVE = /^(?:high|critical)$/i
/** Source: CVSS 3.1, "Qualitative Severity Rating Scale". */
const HIGH = 7

/** Understands the result of a scanner by its form; undefined = no form that is known. */
export function readScan(json: unknown): ScanResult | undefined {
  const asTrivy = trivy.safeParse(json)
  if (asTrivy.success) return fromTrivy(asTrivy.data)
  const asGrype = grype.safeParse(json)
  if (asGrype.success) return fromGrype(asGrype.data)
  const asAudit = npmAudit.safeParse(json)
  if (asAudit.success) {
    const found = Object.entries(asAudit.data.vulnerabilities)
    const grave = found.flatMap(([name, { severity }]) => (GRAVE.test(severity) ? [name] : []))
    return { tool: 'npm audit', grave, at: undefined, image: undefined, digests: [] }
  }
  const asSarif = sarif.safeParse(json)
  return asSarif.success && isFinished(asSarif.data) ? fromSarif(asSarif.data) : undefined
}

function fromTrivy(scan: z.output<typeof trivy>): ScanResult {
  const found = (scan.Results ?? []).flatMap(({ Vulnerabilities }) => Vulnerabilities ?? [])
  const grave = found.filter(({ Severity }) => GRAVE.test(Severity))
  const isImage = scan.ArtifactType === undefined || scan.ArtifactType === 'container_image'
  return {
    tool: 'Trivy',
    grave: grave.map(({ VulnerabilityID, PkgName }) => `${VulnerabilityID} (${PkgName})`),
    at: scan.CreatedAt,
    image: isImage && scan.ArtifactName !== '' ? scan.ArtifactName : undefined,
    digests: digestsIn(scan.Metadata?.RepoDigests ?? []),
  }
}

function fromGrype(scan: z.output<typeof grype>): ScanResult {
  const grave = scan.matches.filter(({ vulnerability }) => GRAVE.test(vulnerability.severity))
  const target = typeof scan.source?.target === 'object' ? scan.source.target : undefined
  return {
    tool: 'Grype',
    grave: grave.map(({ vulnerability, artifact }) => `${vulnerability.id} (${artifact.name})`),
    at: scan.descriptor?.timestamp,
    image: scan.source?.type === 'image' ? target?.userInput : undefined,
    digests: digestsIn([...(target?.repoDigests ?? []), target?.manifestDigest ?? '']),
  }
}

function fromSarif({ runs }: z.output<typeof sarif>): ScanResult {
  const grave = runs.flatMap(({ tool, results }) => {
    const rules = tool.driver.rules ?? []
    return (results ?? []).flatMap(({ ruleId, ruleIndex, level, suppressions }) => {
      const one = rules.find(({ id }) => id === ruleId) ?? rules[ruleIndex ?? -1]
      const score = one?.properties?.['security-severity']
      const isGrave = score === undefined ? level === 'error' : score >= HIGH
      const isAccepted = (suppressions ?? []).length > 0
      return isGrave && !isAccepted ? [ruleId ?? one?.id ?? 'a finding without an id'] : []
    })
  })
  const [times] = runs.flatMap(({ invocations }) => invocations ?? [])
  const [image] = runs.flatMap(({ properties }) => properties?.imageName ?? [])
  return {
    tool: 'SARIF',
    grave: [...new Set(grave)],
    at: times?.endTimeUtc ?? times?.startTimeUtc,
    image,
    digests: digestsIn(runs.flatMap(({ properties }) => properties?.repoDigests ?? [])),
  }
}

/** Whether something was looked at, and to its end. Source: SARIF 2.1.0 §3.14, §3.20.14. */
function isFinished({ runs }: z.output<typeof sarif>): boolean {
  const invocations = runs.flatMap((run) => run.invocations ?? [])
  return runs.length > 0 && invocations.every((one) => one.executionSuccessful !== false)
}

function digestsIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? [])
}
