/** Photos in IndexedDB, which holds files; local storage holds only text. Without it photos last as long as the page. */
import type { QueuedPhotos } from '../logic/photo-queue'

const STORE = 'photos'

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('fengshao', 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB did not open'))
  })
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode)
      const request = work(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB aborted'))
    })
  } finally {
    database.close()
  }
}

/** Private modes of some browsers have no database, and a full one refuses: the photos then stay in memory only. */
async function orInMemory<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work
  } catch (error) {
    console.warn('Photos are not stored: they are lost when this page is closed before they are sent.', error)
    return otherwise
  }
}

export const addPhotos = (queued: QueuedPhotos) => orInMemory(run<IDBValidKey>('readwrite', (store) => store.put(queued)), queued.key)
export const readPhotos = () => orInMemory(run<QueuedPhotos[]>('readonly', (store) => store.getAll()), [])
export const deletePhotos = (key: string) => orInMemory(run<undefined>('readwrite', (store) => store.delete(key)), undefined)
