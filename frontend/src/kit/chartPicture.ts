// A chart as a picture that stands by itself: title, what each line is, and the canvas.
import { token } from './chartOptions';
import { dashes, ghostDash } from './curves';

export interface PictureLine {
  tag: string;
  text: string;
  look: number;
  ghost: boolean;
}

/** The whole as PNG; null when the browser refuses. */
export function pictureOf(
  canvas: HTMLCanvasElement,
  title: string,
  lines: PictureLine[],
  foot: string,
): Promise<Blob | null> {
  const ratio = devicePixelRatio || 1;
  const unit = 16 * ratio;
  const out = document.createElement('canvas');
  const row = unit * 1.5;
  const head = unit * 2.6 + lines.length * row;
  out.width = canvas.width + unit * 2;
  out.height = canvas.height + head + unit * 2.4;
  const context = out.getContext('2d');
  if (!context) return Promise.resolve(null);
  const font = (size: number, weight = 400) => `${weight} ${size * unit}px ${token('--font-body')}`;
  context.fillStyle = token('--surface-base');
  context.fillRect(0, 0, out.width, out.height);
  context.textBaseline = 'middle';
  context.fillStyle = token('--text-heading');
  context.font = font(1.2, 600);
  context.fillText(title, unit, unit * 1.4, out.width - 2 * unit);
  context.font = font(0.9);
  lines.forEach((line, n) => {
    const y = unit * 2.6 + (n + 0.5) * row;
    context.strokeStyle = token(`--series-${line.look + 1}`);
    context.lineWidth = (line.ghost ? 1.5 : 2.5) * ratio;
    const pattern = line.ghost ? ghostDash : (dashes[line.look] ?? []);
    context.setLineDash(pattern.map((length) => length * 1.6 * ratio));
    context.beginPath();
    context.moveTo(unit, y);
    context.lineTo(unit * 3.4, y);
    context.stroke();
    context.fillStyle = token('--text-body');
    context.fillText(`${line.tag}  ${line.text}`, unit * 3.8, y, out.width - unit * 5);
  });
  context.drawImage(canvas, unit, head);
  context.font = font(0.75);
  context.fillStyle = token('--text-tertiary');
  context.fillText(foot, unit, out.height - unit, out.width - 2 * unit);
  return new Promise((resolve) => out.toBlob(resolve, 'image/png'));
}
