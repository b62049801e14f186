/* The phone's page opens without a network. Files of the page are cached; responses of the API never are. */
const CACHE = 'fengshao-page-1'
/** One entry for every address under /m: a worker's link carries a signature that must not be stored. */
const PAGE = '/m'
const ASSETS_MAX = 80
const NAVIGATION_TIMEOUT_MS = 4_000

self.addEventListener('install', (event) => {
  event.waitUntil(storePage().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(deleteOldCaches().then(() => self.clients.claim()))
})

/** The page lists what it loaded before this worker controlled it. */
self.addEventListener('message', (event) => {
  event.waitUntil(storeAssets(event.data?.assets ?? []))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (url.pathname.startsWith('/assets/')) event.respondWith(assetOf(request))
  else if (request.mode === 'navigate' && (url.pathname === PAGE || url.pathname.startsWith(`${PAGE}/`))) {
    event.respondWith(pageOf(request))
  }
})

async function storePage() {
  const cache = await caches.open(CACHE)
  await cache.add(new Request(PAGE, { cache: 'no-cache' }))
}

async function deleteOldCaches() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith('fengshao-') && name !== CACHE).map((name) => caches.delete(name)))
}

async function storeAssets(paths) {
  const cache = await caches.open(CACHE)
  const own = paths.filter((path) => typeof path === 'string' && path.startsWith('/assets/'))
  await Promise.all(own.map(async (path) => (await cache.match(path)) ?? cache.add(path)))
}

/** Assets have the hash of their content in their names and never change. */
async function assetOf(request) {
  const cache = await caches.open(CACHE)
  const stored = await cache.match(request)
  if (stored) return stored
  const response = await fetch(request)
  if (response.ok) {
    await cache.put(request, response.clone())
    await deleteOldestAssets(cache)
  }
  return response
}

/** `keys()` is in the order of insertion: what an update replaced comes first. */
async function deleteOldestAssets(cache) {
  const stored = (await cache.keys()).filter((one) => new URL(one.url).pathname.startsWith('/assets/'))
  await Promise.all(stored.slice(0, Math.max(0, stored.length - ASSETS_MAX)).map((one) => cache.delete(one)))
}

async function pageOf(request) {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(NAVIGATION_TIMEOUT_MS) })
    if (response.ok) await cache.put(PAGE, response.clone())
    return response
  } catch (error) {
    const stored = await cache.match(PAGE)
    if (stored) return stored
    throw error
  }
}
