import {
  attestationCreate,
  attestationList,
  attestationMade,
  baselineCreate,
  baselineList,
  checklistKey,
  checkReportBody,
  checkRunStatus,
  drillRunCreate,
  drillRunList,
  itemStanding,
  reportSummaryList,
  signOffCreate,
  signOffList,
  signOffMade,
} from '../checklist.ts'
import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'

/** Of a report: 420 items with a good deal of evidence are half a megabyte. */
const REPORT_BYTES_MAX = 4 * 1_024 * 1_024

const READ = { need: 'checklist.read', tenants: 'none' } as const
const WRITE = { need: 'checklist.write', tenants: 'none' } as const

export const checklistRoutes = {
  'checklist.latest': {
    ...{ method: 'GET', path: '/api/v1/checklist/report', ...READ },
    summary: 'Shows the newest report of the checklist',
    answer: checkReportBody,
  },
  'checklist.reports': {
    ...{ method: 'GET', path: '/api/v1/checklist/reports', ...READ },
    summary: 'Lists the reports that are kept, newest first, without their items',
    query: listQuery,
    answer: reportSummaryList,
  },
  'checklist.report': {
    ...{ method: 'GET', path: '/api/v1/checklist/reports/:id', ...READ },
    summary: 'Shows one of them',
    answer: checkReportBody,
  },
  'checklist.save': {
    ...{ method: 'POST', path: '/api/v1/checklist/reports', ...WRITE },
    ...{ status: 201, bodyBytesMax: REPORT_BYTES_MAX },
    summary: 'Keeps a report and signs it; the command `check` does so',
    body: checkReportBody,
    answer: checkReportBody,
  },
  'checklist.item': {
    ...{ method: 'GET', path: '/api/v1/checklist/items/:id', ...READ },
    summary: 'Shows where one item stands in the newest report; slashes of its id are `%2F`',
    answer: itemStanding,
  },
  'checklist.attestations': {
    ...{ method: 'GET', path: '/api/v1/checklist/attestations', ...READ },
    summary: 'Lists what people stand for, also what has expired',
    query: listQuery,
    answer: attestationList,
  },
  'checklist.attest': {
    ...{ method: 'POST', path: '/api/v1/checklist/attestations', ...WRITE, status: 201 },
    summary: 'Keeps that a person stands for an item or answer, in place of what was kept of it',
    body: attestationCreate,
    answer: attestationMade,
  },
  'checklist.unattest': {
    ...{ method: 'DELETE', path: '/api/v1/checklist/attestations/:id', ...WRITE },
    summary: 'Removes what a person stood for',
  },
  'checklist.drills': {
    ...{ method: 'GET', path: '/api/v1/checklist/drills', ...READ },
    summary: 'Lists the last run of each drill',
    query: listQuery,
    answer: drillRunList,
  },
  'checklist.drilled': {
    ...{ method: 'POST', path: '/api/v1/checklist/drills', ...WRITE, status: 201 },
    bodyBytesMax: 512 * 1_024,
    summary: 'Keeps a run of a drill; the command `drill` does so',
    body: drillRunCreate,
    answer: drillRunCreate,
  },
  'checklist.baselines': {
    ...{ method: 'GET', path: '/api/v1/checklist/baselines', ...READ },
    summary: 'Lists the figures that later ones are judged against',
    query: listQuery,
    answer: baselineList,
  },
  'checklist.accept': {
    ...{ method: 'POST', path: '/api/v1/checklist/baselines', ...WRITE, status: 201 },
    summary: 'Accepts a figure as the one that later ones are judged against',
    body: baselineCreate,
    answer: baselineCreate,
  },
  'checklist.signed': {
    ...{ method: 'GET', path: '/api/v1/checklist/sign-offs', ...READ },
    summary: 'Lists the newest sign-off of each role',
    query: listQuery,
    answer: signOffList,
  },
  'checklist.sign': {
    ...{ method: 'POST', path: '/api/v1/checklist/sign-offs', ...WRITE, status: 201 },
    summary: 'Signs off a report for a role, unless an item of that role fails or is unproved',
    body: signOffCreate,
    answer: signOffMade,
  },
  'checklist.key': {
    ...{ method: 'GET', path: '/api/v1/checklist/key', ...READ },
    summary: 'Shows the public key that reports are signed with',
    answer: checklistKey,
  },
  'checklist.runs': {
    ...{ method: 'GET', path: '/api/v1/checklist/runs', ...READ },
    summary: 'Says whether a check runs that was started here, and how the last one ended',
    answer: checkRunStatus,
  },
  'checklist.run': {
    ...{ method: 'POST', path: '/api/v1/checklist/runs', ...WRITE, status: 202 },
    summary: 'Starts a check of this deployment as a process of its own, one at a time',
    answer: checkRunStatus,
  },
} as const satisfies RouteTable
