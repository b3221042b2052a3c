import { encode } from 'uqr';

/** The white frame that a camera needs around the code, in modules (ISO/IEC 18004: four). */
const QUIET = 4;

export interface QrPath {
  /** Side of the square, modules. */
  size: number;
  /** One rectangle per run of dark modules, as the path of an SVG. */
  path: string;
}

/** A text as a QR code that an SVG can draw. Pure. */
export function qrPath(text: string): QrPath {
  const { data } = encode(text, { ecc: 'M', border: QUIET });
  const runs = data.flatMap((row, y) => {
    const found: string[] = [];
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x += 1;
      found.push(`M${from} ${y}h${x + 1 - from}v1H${from}z`);
    }
    return found;
  });
  return { size: data.length, path: runs.join('') };
}
