import type { Clock } from '@sallyport/kit/clock'
import { ChannelDirectory } from './channel-directory.ts'
import { PeopleDirectory } from './people-directory.ts'

/** Who and what is in the workspaces, as far as somebody asked. Holds memory and nothing else. */
export class Directories {
  readonly channels: ChannelDirectory
  readonly people: PeopleDirectory

  constructor(clock: Clock) {
    this.channels = new ChannelDirectory(clock)
    this.people = new PeopleDirectory(clock)
  }

  /** Drops all that is known of a workspace: its app was removed. */
  forgetTeam(app: string, team: string): void {
    this.channels.forgetTeam(app, team)
    this.people.forgetTeam(app, team)
  }
}
