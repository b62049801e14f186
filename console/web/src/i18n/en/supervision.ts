import type { Messages } from '../zh'

export const supervision: Messages['supervision'] = {
  title: 'Supervision',
  about: 'Alerts with an overdue step, the longest overdue first.',
  none: 'Nothing is overdue',
  since: 'since {time}',
  count: 'deadlines passed: {n}',
  owner: 'Responsible: {name}',
  noOwner: 'Nobody responsible',
  open: 'Open',
}
