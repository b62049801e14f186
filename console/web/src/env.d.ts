/// <reference types="vite/client" />
declare module 'virtual:kinds' {
  const names: {
    kinds: Record<string, Record<string, string>>
    quantities: Record<string, Record<string, string>>
  }
  export default names
}

declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  const SwaggerUI: (options: Record<string, unknown>) => unknown
  export default SwaggerUI
}
