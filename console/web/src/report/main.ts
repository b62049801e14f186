/** The public page of reports (随手报), a page of its own: no login, and none of the desk's code. */
import { createApp } from 'vue'
import '../style/base.css'
import './report.css'
import ReportApp from './ReportApp.vue'

createApp(ReportApp).mount('#report')
