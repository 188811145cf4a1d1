import { stringify } from 'yaml'

/** A plain value as a YAML document, which `readYaml` reads back as the same value. */
export function writeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 100, aliasDuplicateObjects: false })
}
