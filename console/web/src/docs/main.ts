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
  // Only GET may be tried here: other operations call people or change the registry of a running service.
  supportedSubmitMethods: ['get'],
  validatorUrl: null,
})
