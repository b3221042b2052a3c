// What a QR code on a picture says. The decoder is fetched when somebody reads the first one.

/** The longer side of what is searched: enough for a code that fills a quarter of a photo. */
const SIDE_MAX = 1600;
/** How long the search may take, ms. */
const SEARCH_MS = 2_000;

/** The text of the code; null when there is none, or the file is no picture. */
export async function readCode(file: Blob): Promise<string | null> {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  const shrink = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * shrink));
  canvas.height = Math.max(1, Math.round(picture.height * shrink));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const { decodeQR } = await import('qr/decode.js');
  try {
    return decodeQR({ data, width, height }, { timeLimit: SEARCH_MS });
  } catch {
    return null;
  }
}
