/** What a list is asked for, kept in the page's address so that a reload or a copied link shows the same. */
import { onBeforeUnmount } from 'vue'
import { onBeforeRouteLeave, useRouter } from 'vue-router'

/**
 * Returns the function that writes the query of this page's address.
 *
 * A filter that waits for the end of typing is written late: a person may have opened another page by then, whose
 * script is still loading. Writing the address would cancel that navigation, so it is left as it is.
 */
export function usePageQuery(): (query: Record<string, string>) => void {
  const router = useRouter()
  let leaving = false
  const settled = (): void => void (leaving = false)
  onBeforeRouteLeave(() => void (leaving = true))
  const unsubscribe = [router.afterEach(settled), router.onError(settled)]
  onBeforeUnmount(() => unsubscribe.forEach((stop) => stop()))
  return (query) => {
    if (!leaving) void router.replace({ query })
  }
}
