export { SlackServer, type SlackServerOptions } from './start.ts'
export type { SlackApp, SlackSettings, SlackToken } from './settings/settings.ts'
export type { Installation } from './installations/installation.ts'
export { readInstallations } from './installations/read-installations.ts'
