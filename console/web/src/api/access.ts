/** Accounts, sessions, tokens and the audit trail. */
import { http, unwrap } from './client'
import type { AuditFilter, TokenBody, UserBody, UserChange } from './types'

export const access = {
  methods: () => unwrap(http.GET('/api/v1/session/methods'), true),
  changePassword: (old: string, chosen: string) =>
    unwrap(http.PUT('/api/v1/account/password', { body: { old, new: chosen } })),
  renewPin: async () => (await unwrap(http.POST('/api/v1/account/pin'))).pin,
  ownSessions: async () => (await unwrap(http.GET('/api/v1/account/sessions'))).items,
  endOwnSession: (session_id: string) =>
    unwrap(http.DELETE('/api/v1/account/sessions/{session_id}', { params: { path: { session_id } } })),
  users: async () => (await unwrap(http.GET('/api/v1/users'))).items,
  addUser: (body: UserBody) => unwrap(http.POST('/api/v1/users', { body })),
  changeUser: (user_id: string, body: UserChange) =>
    unwrap(http.PATCH('/api/v1/users/{user_id}', { params: { path: { user_id } }, body })),
  resetPassword: (user_id: string) => unwrap(http.POST('/api/v1/users/{user_id}/password', { params: { path: { user_id } } })),
  removeUser: (user_id: string) => unwrap(http.DELETE('/api/v1/users/{user_id}', { params: { path: { user_id } } })),
  sessions: async () => (await unwrap(http.GET('/api/v1/sessions'))).items,
  endSession: (session_id: string) => unwrap(http.DELETE('/api/v1/sessions/{session_id}', { params: { path: { session_id } } })),
  tokens: async () => (await unwrap(http.GET('/api/v1/tokens'))).items,
  addToken: (body: TokenBody) => unwrap(http.POST('/api/v1/tokens', { body })),
  revokeToken: (token_id: string) => unwrap(http.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id } } })),
  audit: (query: AuditFilter) => unwrap(http.GET('/api/v1/audit', { params: { query } })),
}
