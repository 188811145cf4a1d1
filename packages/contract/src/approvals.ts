/**
 * Calls that wait for a person: what is shown, where it is shown, and who decides. Whoever holds waiting calls (the
 * desk) and whatever shows them (a channel, such as Slack) meet here and know nothing else of each other.
 */

/** A call that waits, as people see it. All texts are untrusted: a channel shows them as they are, and as nothing else. */
export interface ApprovalRequest {
  /** 1 to 128 visible ASCII characters. */
  readonly id: string
  readonly server: string
  readonly tool: string
  /** Principal id of who called. */
  readonly requestedBy: string
  readonly tenant: string | null
  /** As the desk wants them seen: redacted, one value a line. A channel may cut them, and says so. */
  readonly arguments: string
  /** Why it waits: the name of a policy. */
  readonly reason: string
  /** Wall clock, milliseconds since 1970. */
  readonly requestedAtMs: number
  readonly expiresAtMs: number
}

export type ApprovalVerdict = 'approved' | 'denied'

/** How waiting ended. `withdrawn`: the caller went away, or the call was stopped. */
export type ApprovalEnd =
  | { readonly kind: 'decided'; readonly verdict: ApprovalVerdict; readonly decidedBy: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'withdrawn' }

/** What somebody decided. */
export interface ApprovalDecision {
  /** Id of the request. */
  readonly id: string
  readonly verdict: ApprovalVerdict
  /** Principal id: a channel maps its own people to principals, and never makes one up. */
  readonly decidedBy: string
  /** Name of the channel. */
  readonly channel: string
}

/** What became of a decision. */
export type ApprovalResult =
  | { readonly kind: 'recorded'; readonly request: ApprovalRequest }
  /** It had ended before; nothing changed. */
  | { readonly kind: 'over'; readonly request: ApprovalRequest; readonly end: ApprovalEnd }
  /** This principal may not decide that, such as about a call of its own. */
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'unknown' }

/** Holds the waiting calls. Of any number of decisions about one, over all processes, the first is recorded. */
export interface ApprovalDesk {
  /** @throws {AppError} `store_unwritable`, the signal's own reason */
  decide(decision: ApprovalDecision, signal: AbortSignal): Promise<ApprovalResult>
}

/** Where a request was shown; plain data, so that it can be kept. */
export interface ApprovalNotice {
  /** Name of the channel. */
  readonly channel: string
  /** The channel's own words; at most 1,000 characters. */
  readonly reference: string
}

/** Shows waiting calls to people and takes their decisions to the desk. */
export interface ApprovalChannel {
  readonly name: string
  /**
   * Shows a request.
   *
   * @throws {AppError} what keeps it from being shown; the signal's own reason
   */
  announce(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalNotice>
  /**
   * Says how it ended where it was shown, and takes the means of deciding away. Again is the same as once.
   *
   * @throws {AppError} what keeps it from being shown; the signal's own reason
   */
  conclude(
    notice: ApprovalNotice,
    request: ApprovalRequest,
    end: ApprovalEnd,
    signal: AbortSignal,
  ): Promise<void>
}

/** A person as a channel knows them. */
export interface ChannelPerson {
  /** Name of the channel. */
  readonly channel: string
  /** The channel's own ids, such as a Slack workspace and a user in it. */
  readonly team: string
  readonly user: string
}

/** Who may decide. */
export interface ApproverDirectory {
  /** The principal id of a person; undefined for who is no approver. */
  principalOf(person: ChannelPerson, signal: AbortSignal): Promise<string | undefined>
}
