export {
  readSlackSettings,
  requireSlackSettings,
  type SlackSettingsReading,
  type SlackSettingsRequest,
} from './read-settings.ts'
export {
  DISTRIBUTIONS,
  type Distribution,
  type SlackApp,
  type SlackLimits,
  type SlackSettings,
  type SlackToken,
  type Toolset,
  TOOLSETS,
  type UploadRule,
  type WriteRule,
} from './settings.ts'
export { CALLBACK_PATH } from '@sallyport/contract/config'
