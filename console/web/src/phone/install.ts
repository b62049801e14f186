/** Registers the service worker, so that the phone's page opens without a network and can be installed. */

/** Without support (an old browser, plain HTTP to another host) the page needs a network to open, as before. */
export async function registerServiceWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  try {
    await navigator.serviceWorker.register('/service-worker.js')
    const registration = await navigator.serviceWorker.ready
    registration.active?.postMessage({ assets: loadedAssets() })
  } catch (error) {
    console.warn('The service worker is not registered: this page does not open without a network.', error)
  }
}

function loadedAssets(): string[] {
  const loaded = performance.getEntriesByType('resource').map((entry) => new URL(entry.name))
  return loaded.filter((url) => url.origin === location.origin).map((url) => url.pathname)
}
