/** Starts the screen. */
import { createApp } from 'vue'
import App from './App.vue'
import { startClock } from './stores/clock'
import { router } from './router'
import { applyLanguage } from './i18n'
import './style/base.css'
import './style/print.css'

// A wall that runs through an update asks for files that are gone: load the new version.
window.addEventListener('vite:preloadError', () => window.location.reload())

applyLanguage()
startClock()
createApp(App).use(router).mount('#app')
