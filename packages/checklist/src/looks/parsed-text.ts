import { parse } from 'yaml'

const ALIASES_MAX = 100

/** What a text of JSON says; undefined where it is none, which whoever asks judges by a schema. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the fault would quote the text
  }
}

/** The same of YAML with at most 100 aliases; an empty map where it says nothing. */
export function parsedYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: ALIASES_MAX }) ?? {}
  } catch {
    return undefined // the fault would quote the text
  }
}
