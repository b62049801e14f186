/** Starts the screen. */
import { createApp } from 'vue'
import App from './App.vue'
import { startClock } from './live/now'
import { router } from './router'
import { applyLanguage } from './words'
import './style/base.css'

applyLanguage()
startClock()
createApp(App).use(router).mount('#app')
