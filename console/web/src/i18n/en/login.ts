import type { Messages } from '../zh'

export const login: Messages['login'] = {
  user: 'User name',
  password: 'Password',
  token: 'Token',
  tokenHint: 'The token your administrator gave you',
  withToken: 'Sign in with a token',
  withUser: 'Sign in with a user name',
  enter: 'Enter',
  wrong: 'That token is not right. Check it and try again, or ask your administrator for a new one.',
  wrongUser: 'User name or password is not right.',
  failed: {
    state: 'The sign-in took too long. Please try again.',
    denied: 'The identity provider did not agree.',
    provider: 'The identity provider does not answer. Try later, or sign in with user name and password.',
    token: 'What the identity provider sent could not be verified. Please tell your administrator.',
    group: 'You are in none of the groups that may sign in here. Ask the administrator of the identity provider to add you.',
    user: 'You have no account here yet. Ask your administrator to add it.',
  },
  linkOver: 'This link has expired. Open the link in the latest message, or call the duty room.',
  again: 'Try again',
  needed: 'Please sign in first.',
  leave: 'Sign out',
}
