/** Faults of a chosen file that can be told before it is uploaded. The server decides by decoding it. */
export type PhotoProblem = 'type' | 'size' | 'empty' | null

const TYPES = new Set(['image/jpeg', 'image/png', 'image/heic', 'image/heif'])
const ENDING = /\.(jpe?g|png|hei[cf])$/i
/** EXIF stands in front of the picture of a JPEG: this much is enough to read the position. */
const EXIF_BYTES = 256 * 1024

/** Some phones give HEIC no type, so that the name decides then. */
export function photoProblem(file: { name: string; type: string; size: number }, bytesMax: number): PhotoProblem {
  if (!(TYPES.has(file.type) || (file.type === '' && ENDING.test(file.name)))) return 'type'
  if (file.size === 0) return 'empty'
  return file.size > bytesMax ? 'size' : null
}

/** The part of a photo that its position is read from. */
export function positionPart(file: File): Blob {
  return file.type === 'image/jpeg' ? file.slice(0, EXIF_BYTES, file.type) : file
}
