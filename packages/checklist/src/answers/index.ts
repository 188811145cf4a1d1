import type { Answer } from './answer.ts'
import { ATTEST } from './attest.ts'
import { CONFIGURATION } from './configuration.ts'
import { CONTAINERS } from './containers.ts'
import { DATA } from './data.ts'
import { DISCORD } from './discord.ts'
import { DRILLS } from './drills.ts'
import { EDGE } from './edge.ts'
import { LATER } from './later.ts'
import { OBSERVABILITY } from './observability.ts'
import { PRODUCT } from './product.ts'
import { SERVERS } from './servers.ts'
import { SLACK } from './slack.ts'

const TABLE = {
  ...CONFIGURATION,
  ...EDGE,
  ...SERVERS,
  ...CONTAINERS,
  ...DATA,
  ...OBSERVABILITY,
  ...SLACK,
  ...DISCORD,
  ...DRILLS,
  ...PRODUCT,
  ...ATTEST,
  ...LATER,
} as const

/** Every answer by its id. */
export const ANSWERS: ReadonlyMap<string, Answer> = new Map(Object.entries(TABLE))
