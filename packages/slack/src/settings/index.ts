export { DISTRIBUTIONS, TOOLSETS } from './settings.ts'
export type { Distribution, SlackApp, SlackToken, Toolset, WriteRule } from './settings.ts'
