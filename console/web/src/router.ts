/** Which page for which address. Everything but the login and a worker's link needs a session. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { whenUnauthorized } from './api/client'
import { restoreSession, session } from './stores/session'
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
    { path: '/reports/:id(\\d+)?', name: 'reports', component: () => import('./pages/ReportsPage.vue'), props: true },
    { path: '/exchange', name: 'exchange', component: () => import('./pages/ExchangePage.vue') },
    { path: '/alerts/:id', name: 'alert', component: () => import('./pages/AlertPage.vue'), props: true },
    { path: '/m', name: 'phone', component: () => import('./pages/PhonePage.vue') },
    { path: '/m/:link', name: 'link', component: () => import('./pages/LinkPage.vue'), props: true },
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue') },
    // A page outside this application, which the login redirects to.
    { path: '/docs', name: 'docs', component: () => import('./pages/MissingPage.vue'), beforeEnter: elsewhere },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/MissingPage.vue') },
  ],
})

const OPEN_TO_ALL = new Set(['login', 'link', 'swap', 'swapCode', 'missing'])
const PHONE_THEME = new Set(['phone', 'link', 'swap', 'swapCode'])

router.beforeEach(async (to) => {
  const name = String(to.name)
  applyTheme(name === 'wall' ? 'wall' : PHONE_THEME.has(name) ? 'phone' : 'desk')
  if (OPEN_TO_ALL.has(name) || session.value) return true
  if (await restoreSession()) return true
  return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
})

// Workers get the phone page only: wall, desk and silences show more than they may see.
const NOT_A_WORKERS = new Set(['wall', 'desk', 'supervision', 'rosters', 'silences', 'statistics', 'why', 'reports', 'exchange'])
router.beforeEach((to) => {
  const worker = session.value?.role === 'worker'
  return worker && NOT_A_WORKERS.has(String(to.name)) ? { name: 'phone' } : true
})

whenUnauthorized(() => {
  const byLink = Boolean(session.value?.alert)
  session.value = null
  stop()
  const here = router.currentRoute.value
  // A worker has no token: the page explains that the link has expired and what to do.
  if (byLink) return void router.push({ name: 'link', params: { link: 'over' } })
  if (here.name !== 'login') void router.push({ name: 'login', query: { next: here.fullPath } })
})
