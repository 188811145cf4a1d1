import type { AnswerTable, Attested } from './answer.ts'

/** What no program can see, by what a person is asked. */
export const ATTEST = {
  'attest/incident-response': ask(
    'Is it written down what to do in an incident, and did everybody concerned read it?',
  ),
  'attest/cloud-firewall': {
    ...ask(
      'Do the network rules of the cloud let in what is meant to be reached, and nothing else?',
    ),
    exempt: ({ environment }) =>
      environment === 'local' ? 'the environment is `local`: no cloud has rules for it' : undefined,
  },
  'attest/escalation': ask('Is it settled who is asked next when who is paged cannot help?'),
  'attest/database-failover': {
    ...ask('Can another database take over, and was that tried?'),
    exempt: ({ config }) =>
      config === undefined || config.store?.startsWith('postgres')
        ? undefined
        : 'the store is embedded: there is no database server that could fail over',
  },
  'attest/disaster-plan': ask(
    'Is there a plan for the loss of the host, and does it name what is restored first?',
  ),
  'attest/communication': ask('Is it settled who is told, by whom and where, when it is down?'),
  'attest/on-call': ask('Is somebody on call at every hour that was promised?'),
  'attest/change-management': ask(
    'Is it settled how changes are proposed, reviewed and brought in?',
  ),
  'attest/feedback': ask('Were users asked in the first week?'),
  'attest/minor-issues': ask('Were the small faults of the first week mended?'),
  'attest/documentation-updated': ask(
    'Does your own documentation name the addresses of this deployment and what was learnt?',
  ),
  'attest/training': ask('Does everybody who is paged know how to run it, and did they try?'),
  'attest/security-audit': ask(
    'Did somebody who did not build this deployment review its security?',
  ),
  'attest/costs': ask('Were the costs looked at?'),
  'attest/lessons': ask('Are the lessons of the first month written down?'),
  'attest/runbooks-followed': ask('Did somebody follow each runbook once, word for word?'),
  'attest/compliance': ask('Is what the law and contracts ask met?'),
  'attest/business-requirements': ask('Does it do what it was asked for?'),
  'attest/user-acceptance': ask('Do those who use it accept it?'),
  'attest/go-live': ask('May it go live?'),
  'attest/post-mortem': ask(
    'Was every incident since the last look looked back on, and its cause mended (with none, say so)?',
  ),
  'attest/staging': ask('Is what mends an incident tried in another environment first?'),
  'attest/key-distribution': ask('Is it written down how keys are given out and to whom?'),
  'attest/privacy-policy': ask(
    'Does the privacy policy say what is kept of people, or is nothing kept?',
  ),
  'attest/terms': ask('Are the terms of service current, or is nobody outside served?'),
  'attest/data-protection': ask('Was data protection (such as the GDPR) reviewed?'),
  'attest/retention-policy': ask('Is it settled how long each kind of data is kept?'),
  'attest/access-review': ask('Was the audit log reviewed for access that is suspicious?'),
  'attest/update-process': ask(
    'Is it settled how this deployment and its dependencies are updated?',
  ),
  'attest/patch-process': ask(
    'Is it settled how fast a security patch is brought in, and by whom?',
  ),
  'attest/developers-reviewed': ask('Did developers review this deployment?'),
  'attest/release-notes': ask('Were the release notes of the running version read?'),
} as const satisfies AnswerTable

function ask(title: string): Attested {
  return {
    kind: 'attested',
    title,
    remedy: 'if it is so, attest it: `sallyport attest ID --by NAME --note TEXT`',
  }
}
