import type { ClaimsOf } from './claim.ts'

/** What is kept of the checklist. */
export const CHECKLIST_BOOK = {
  'checklist/kept': {
    behavior:
      'The last 50 reports are kept and those that somebody signed for, and the last 20 runs of each drill; what is older goes.',
    source: 'issue 7',
  },
  'checklist/signed': {
    behavior:
      'A report that was kept is signed with a key of the store, over its canonical JSON, so that spacing and order of members do not matter.',
    source: 'RFC 8785; RFC 8032',
  },
  'checklist/tampered': {
    behavior:
      'A change of any member of a signed report is found, and so is a report that another key signed.',
    source: 'RFC 8032',
  },
  'checklist/attest': {
    behavior:
      'Somebody stands for an item by name, with a note and until a date that is no later than the cadence of the item allows; unknown items are refused.',
    source: 'issue 7',
  },
  'checklist/sign-off': {
    behavior:
      'A role is signed off for one whole report, and not while an item of that role fails or is unproved in it; the refusal names them.',
    source: 'issue 7',
  },
  'checklist/run': {
    behavior:
      'A check that is started over the API is a process of its own, one at a time, and ended after two minutes or with the gateway, with all that it started.',
    source: 'issue 7',
  },
  'checklist/metrics': {
    behavior:
      'The newest report that looked at everything is shown as metrics, also when another process kept it.',
    source: 'issue 7',
  },
} as const satisfies ClaimsOf<'checklist'>
