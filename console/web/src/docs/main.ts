/** The page of the API, a page of its own: Swagger UI over our own document, and nothing from anywhere else. */
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import './docs.css'

const dark = window.matchMedia('(prefers-color-scheme: dark)')

function follow(): void {
  document.documentElement.classList.toggle('dark-mode', dark.matches)
}
dark.addEventListener('change', follow)
follow()

SwaggerUI({
  url: '/api/v1/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  filter: true,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  displayRequestDuration: true,
  // Questions may be tried here; what calls people or changes the registry may not: this is a running service.
  supportedSubmitMethods: ['get'],
  validatorUrl: null,
})
