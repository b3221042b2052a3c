// What a QR code on a picture says. The decoder is fetched when somebody reads the first one.

/** The longer side of what is searched: enough for a code that fills a quarter of a photo. */
const SIDE_MAX = 1600;
/** How long one look at the picture may take, and all of them, ms. */
const LOOK_MS = 2_000;
const SEARCH_MS = 8_000;

interface Look {
  /** How large, of what is searched first. */
  scale: number;
  /** Whether grey is spread to black and white first. */
  spread: boolean;
  /** How wide it is seen: a picture that is squeezed shows a plate from another side. */
  wide: number;
  /** Turned by this, degrees: what is searched for lies straight in some pictures only. */
  turn: number;
  /** How much smaller it becomes to the right and downwards: a plate that is seen from the side. */
  lean: [number, number];
}

const look = (given: Partial<Look>): Look => ({
  scale: 1,
  spread: false,
  wide: 1,
  turn: 0,
  lean: [0, 0],
  ...given,
});

/** The sides from which a plate is seen: the smallest codes have no mark that tells the decoder. */
const LEANS: [number, number][] = [
  [0, 0.3],
  [0, -0.3],
  [0.3, 0],
  [-0.3, 0],
  [0, 0.5],
  [0, -0.5],
  [0.5, 0],
  [-0.5, 0],
  [0.25, 0.25],
  [0.25, -0.25],
  [-0.25, 0.25],
  [-0.25, -0.25],
];

/** The picture as it is, then as it may be read where that was not: the likelier first. */
const LOOKS = [
  look({}),
  look({ spread: true }),
  look({ scale: 2 }),
  look({ scale: 0.5, spread: true }),
  look({ scale: 1.5, spread: true }),
  look({ wide: 1.4, spread: true }),
  look({ wide: 0.7, spread: true }),
  look({ turn: 45, wide: 1.3, spread: true }),
  look({ turn: -45, wide: 1.3, spread: true }),
  look({ turn: 20, scale: 1.3, spread: true }),
  ...LEANS.map((lean) => look({ lean, spread: true })),
];

/** The darkest and the lightest hundredth become black and white, what is between them greys. */
function spreadGrey({ data }: ImageData): void {
  const counts = new Uint32Array(256);
  const grey = new Uint8Array(data.length / 4);
  for (let at = 0; at < grey.length; at += 1) {
    const value = (data[at * 4]! * 3 + data[at * 4 + 1]! * 6 + data[at * 4 + 2]!) / 10;
    grey[at] = value;
    counts[grey[at]!]! += 1;
  }
  const edge = grey.length / 100;
  let [low, high] = [0, 255];
  for (let sum = 0; low < 254 && (sum += counts[low]!) < edge;) low += 1;
  for (let sum = 0; high > low + 1 && (sum += counts[high]!) < edge;) high -= 1;
  for (let at = 0; at < grey.length; at += 1)
    data.fill(((grey[at]! - low) * 255) / (high - low), at * 4, at * 4 + 3);
}

/** The picture as from another side: each pixel from where the view meets it. */
function leant({ data, width, height }: ImageData, [right, down]: [number, number]): ImageData {
  const out = new ImageData(width, height);
  const [from, to] = [new Uint32Array(data.buffer), new Uint32Array(out.data.buffer)];
  to.fill(0xffffffff);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      const [u, v] = [(2 * column) / width - 1, (2 * row) / height - 1];
      const far = 1 + right * u + down * v;
      const x = Math.round(((u / far + 1) * width) / 2);
      const y = Math.round(((v / far + 1) * height) / 2);
      if (x >= 0 && y >= 0 && x < width && y < height)
        to[row * width + column] = from[y * width + x]!;
    }
  return out;
}

function drawn(picture: ImageBitmap, { scale, spread, wide, turn, lean }: Look): ImageData | null {
  const shrink = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height)) * scale;
  const [width, height] = [picture.width * shrink * wide, picture.height * shrink];
  const angle = (turn * Math.PI) / 180;
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * cos + height * sin));
  canvas.height = Math.max(1, Math.round(width * sin + height * cos));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate(angle);
  context.drawImage(picture, -width / 2, -height / 2, width, height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  if (spread) spreadGrey(pixels);
  return lean[0] || lean[1] ? leant(pixels, lean) : pixels;
}

/** The text of the code; null when there is none, or the file is no picture. */
export async function readCode(file: Blob): Promise<string | null> {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  const { decodeQR } = await import('qr/decode.js');
  const until = performance.now() + SEARCH_MS;
  try {
    for (const each of LOOKS) {
      if (performance.now() > until) break;
      const pixels = drawn(picture, each);
      if (!pixels) return null;
      try {
        return decodeQR(pixels, { timeLimit: LOOK_MS });
      } catch {
        // Not in this look. The page is drawn before the next.
        await new Promise((next) => setTimeout(next));
      }
    }
    return null;
  } finally {
    picture.close();
  }
}
