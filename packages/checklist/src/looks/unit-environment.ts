import { fact } from '../deployment.ts'
import { systemdUnits } from './systemd-units.ts'

/** What systemd units give to what they start. */
export interface UnitEnvironment {
  readonly variables: readonly UnitVariable[]
  /** Absolute paths of `EnvironmentFile=`. */
  readonly files: readonly { readonly path: string; readonly optional: boolean }[]
}

/** A variable of `Environment=`. Its value may be a secret: it is judged, never told. */
export interface UnitVariable {
  readonly name: string
  readonly value: string
  /** `sallyport.service:12` */
  readonly at: string
}

const ASSIGNMENT =
  /"([A-Za-z_]\w*)=((?:[^"\\]|\\.)*)"|'([A-Za-z_]\w*)=([^']*)'|([A-Za-z_]\w*)=(\S*)/g

const units = systemdUnits('/')

/**
 * `Environment=` and `EnvironmentFile=` of the systemd units of a deployment. A path with a specifier (`%h`) is left
 * out.
 *
 * Source: systemd.exec(5), "Environment".
 */
export const unitEnvironment = fact(async (deployment, signal): Promise<UnitEnvironment> => {
  const found = await units(deployment, signal)
  const settings = found.units.flatMap((unit) =>
    unit.settings.map(({ key, value, line }) => ({ key, value, at: `${unit.label}:${line}` })),
  )
  const assigned = settings.filter(({ key }) => key === 'Environment')
  const named = settings.filter(({ key }) => key === 'EnvironmentFile')
  return {
    variables: assigned.flatMap(({ value, at }) =>
      [...value.matchAll(ASSIGNMENT)].map((match) => ({ ...toVariable(match), at })),
    ),
    files: named.flatMap(({ value }) => {
      const [, dash, path] = /^(-?)(\/[^%*?]*)$/.exec(value.trim()) ?? []
      return path === undefined ? [] : [{ path, optional: dash === '-' }]
    }),
  }
})

function toVariable(match: RegExpExecArray): { name: string; value: string } {
  const [, doubleName, double = '', singleName, single = '', bareName = '', bare = ''] = match
  if (doubleName !== undefined) return { name: doubleName, value: double }
  return singleName === undefined
    ? { name: bareName, value: bare }
    : { name: singleName, value: single }
}
