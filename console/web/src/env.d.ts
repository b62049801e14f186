/// <reference types="vite/client" />
declare module 'virtual:kinds' {
  const names: {
    kinds: Record<string, Record<string, string>>
    quantities: Record<string, Record<string, string>>
  }
  export default names
}
