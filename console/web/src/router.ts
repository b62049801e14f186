/** Which page for which address. Everything but the login and a worker's link needs a session. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { whenUnauthorized } from './api/client'
import { endSession, restoreSession, session, unreachable } from './stores/session'
import { stop } from './stores/stream'
import { applyTheme } from './theme'

function elsewhere(to: RouteLocationNormalized): false {
  window.location.assign(to.fullPath)
  return false
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'wall', component: () => import('./pages/WallPage.vue') },
    { path: '/desk', name: 'desk', component: () => import('./pages/DeskPage.vue') },
    { path: '/rosters', name: 'rosters', component: () => import('./pages/RostersPage.vue') },
    { path: '/s', name: 'swapCode', component: () => import('./pages/SwapPage.vue') },
    { path: '/swap', name: 'swap', component: () => import('./pages/SwapPage.vue') },
    { path: '/statistics', name: 'statistics', component: () => import('./pages/StatisticsPage.vue') },
    { path: '/why', name: 'why', component: () => import('./pages/WhyPage.vue') },
    { path: '/supervision', name: 'supervision', component: () => import('./pages/SupervisionPage.vue') },
    { path: '/silences', name: 'silences', component: () => import('./pages/SilencesPage.vue') },
    { path: '/devices', name: 'devices', component: () => import('./pages/DevicesPage.vue') },
    { path: '/devices/:id', name: 'device', component: () => import('./pages/DevicePage.vue'), props: true },
    { path: '/system', name: 'system', component: () => import('./pages/SystemPage.vue') },
    { path: '/refusals', name: 'refusals', component: () => import('./pages/RefusalsPage.vue') },
    { path: '/reports/:id(\\d+)?', name: 'reports', component: () => import('./pages/ReportsPage.vue'), props: true },
    { path: '/people/:id?', name: 'people', component: () => import('./pages/PeoplePage.vue'), props: true },
    { path: '/ladders', name: 'ladders', component: () => import('./pages/LaddersPage.vue') },
    { path: '/rules', name: 'rules', component: () => import('./pages/RulesPage.vue') },
    { path: '/rules/:book', name: 'rulebook', component: () => import('./pages/RulebookPage.vue'), props: true },
    { path: '/exchange', name: 'exchange', component: () => import('./pages/ExchangePage.vue') },
    { path: '/accounts', name: 'accounts', component: () => import('./pages/AccountsPage.vue') },
    { path: '/audit', name: 'audit', component: () => import('./pages/AuditPage.vue') },
    { path: '/account', name: 'account', component: () => import('./pages/AccountPage.vue') },
    { path: '/alerts/:id', name: 'alert', component: () => import('./pages/AlertPage.vue'), props: true },
    { path: '/m', name: 'phone', component: () => import('./pages/PhonePage.vue') },
    { path: '/m/:link', name: 'link', component: () => import('./pages/LinkPage.vue'), props: true },
    { path: '/offline', name: 'offline', component: () => import('./pages/OfflinePage.vue') },
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue') },
    // A page outside this application, which the login redirects to.
    { path: '/docs', name: 'docs', component: () => import('./pages/MissingPage.vue'), beforeEnter: elsewhere },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/MissingPage.vue') },
  ],
})

const OPEN_TO_ALL = new Set(['login', 'offline', 'link', 'swap', 'swapCode', 'missing'])
const PHONE_THEME = new Set(['phone', 'offline', 'link', 'swap', 'swapCode'])

/** The page's code is fetched while the session is asked for, not after it; the router reports what fails. */
function fetchPage(to: RouteLocationNormalized): void {
  for (const { components } of to.matched) {
    const page: unknown = components?.default
    if (typeof page === 'function') void (page as () => Promise<unknown>)().catch(() => undefined)
  }
}

router.beforeEach(async (to) => {
  fetchPage(to)
  const name = String(to.name)
  applyTheme(name === 'wall' ? 'wall' : PHONE_THEME.has(name) ? 'phone' : 'desk')
  if (OPEN_TO_ALL.has(name) || session.value) return true
  if (await restoreSession()) return true
  if (unreachable.value) return { name: 'offline', query: { next: to.fullPath } }
  return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
})

// Somebody else set the password: the service refuses everything until the user has chosen one.
const OPEN_BEFORE_A_PASSWORD = new Set(['account', ...OPEN_TO_ALL])
router.beforeEach((to) =>
  session.value?.must_change_password && !OPEN_BEFORE_A_PASSWORD.has(String(to.name)) ? { name: 'account' } : true,
)

// Workers get the phone and an alert's page; every other page shows more than they may see.
const OPEN_TO_WORKERS = new Set(['phone', 'alert', 'docs', 'account', ...OPEN_TO_ALL])
router.beforeEach((to) => {
  const worker = session.value?.role === 'worker'
  return worker && !OPEN_TO_WORKERS.has(String(to.name)) ? { name: 'phone' } : true
})

whenUnauthorized(() => {
  const byLink = Boolean(session.value?.alert)
  endSession()
  stop()
  const here = router.currentRoute.value
  // A worker has no token: the page explains that the link has expired and what to do.
  if (byLink) return void router.push({ name: 'link', params: { link: 'over' } })
  if (here.name !== 'login') void router.push({ name: 'login', query: { next: here.fullPath } })
})
