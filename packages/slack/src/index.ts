export type { SlackApp, SlackToken } from './settings/settings.ts'
