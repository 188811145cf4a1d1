export { SlackServer, type SlackServerOptions } from './start.ts'
export type { SlackApp, SlackSettings, SlackToken } from './settings/settings.ts'
