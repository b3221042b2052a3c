// Photos of plates as people take them: askew, from the side, from afar, in bad light. Each is drawn by
// the browser, the same every time.
import { createRequire } from 'node:module';

const frontend = createRequire(new URL('../../../frontend/package.json', import.meta.url));
const { renderSVG } = await import(frontend.resolve('uqr'));

/** What is wrong with a picture: how the plate lies, how large it is, what the light does. */
const FAULTS = {
  turned: [15, 30, 45, 60, 75, 90, 135, 180, 225, 300].map((degrees) => ({
    plate: `transform: rotate(${degrees}deg)`,
  })),
  small: [120, 96, 80, 70, 60].map((width) => ({ width })),
  askew: [
    [30, 0],
    [0, 35],
    [40, 0],
    [25, 25],
    [-30, 20],
    [0, -45],
  ].map(([x, y]) => ({
    plate: `transform: perspective(600px) rotateX(${x}deg) rotateY(${y}deg)`,
  })),
  faint: [
    ['#777', '#bbb'],
    ['#555', '#888'],
    ['#999', '#c4c4c4'],
    ['#202020', '#4a4a4a'],
    ['#c8c8c8', '#f0f0f0'],
  ].map(([dark, light]) => ({ dark, light })),
  blurred: [1, 1.5, 2, 2.5].map((pixels) => ({ photo: `filter: blur(${pixels}px)` })),
  shaded: [
    'linear-gradient(90deg, rgba(0,0,0,.75), transparent 70%)',
    'linear-gradient(160deg, rgba(0,0,0,.8) 35%, transparent 65%)',
    'radial-gradient(circle at 35% 40%, rgba(255,255,255,.75), transparent 22%)',
    'repeating-linear-gradient(0deg, rgba(0,0,0,.25) 0 3px, transparent 3px 9px)',
  ].map((light) => ({ over: `background: ${light}` })),
  negative: [{ dark: '#f4f4f4', light: '#101010' }],
  allTogether: [
    { width: 150, plate: 'transform: rotate(20deg)', dark: '#555', light: '#aaa' },
    { width: 180, plate: 'transform: perspective(500px) rotateY(30deg) rotate(-35deg)' },
    {
      width: 200,
      plate: 'transform: rotate(80deg)',
      photo: 'filter: blur(1px) contrast(0.5)',
    },
    {
      width: 160,
      plate: 'transform: perspective(500px) rotateX(25deg)',
      over: 'background: linear-gradient(90deg, rgba(0,0,0,.6), transparent 70%)',
    },
  ],
};

/** What moves into view: a clip of so many pictures, as a camera that is lifted to a plate takes them. */
const STEPS = 6;

const html = (text, fault) => {
  const { width = 260, dark = '#111', light = '#fff', plate = '', photo = '', over = '' } = fault;
  const svg = renderSVG(text, { blackColor: dark, whiteColor: light });
  return `<body style="margin:0"><div style="position:relative;width:800px;height:600px;overflow:hidden;
    background:repeating-linear-gradient(45deg,#8a8f94 0 14px,#7d8287 14px 28px);${photo}">
    <div style="position:absolute;left:${400 - width / 2}px;top:${300 - width / 2}px;width:${width}px;${fault.at ?? ''}">
      <div style="background:${light};padding:${width / 12}px;line-height:0;${plate}">${svg}</div>
    </div><div style="position:absolute;inset:0;${over}"></div></div>`;
};

async function drawn(table, text, fault) {
  await table.setContent(html(text, fault));
  const clip = { x: 0, y: 0, width: 800, height: 600 };
  const buffer = await table.screenshot({ type: 'jpeg', quality: 70, clip });
  return { name: 'plate.jpg', mimeType: 'image/jpeg', buffer };
}

/** All bad pictures of a code: `{ kind, nth, picture }`. */
export async function badPictures(browser, text) {
  const table = await browser.newPage({ viewport: { width: 800, height: 600 } });
  const pictures = [];
  for (const [kind, faults] of Object.entries(FAULTS))
    for (const [nth, fault] of faults.entries())
      pictures.push({ kind, nth, picture: await drawn(table, text(kind, nth), fault) });
  await table.close();
  return pictures;
}

/** A plate that moves into view: cut off at first, then whole, turning and growing. */
export async function intoView(browser, text) {
  const table = await browser.newPage({ viewport: { width: 800, height: 600 } });
  const pictures = [];
  for (let step = 0; step < STEPS; step += 1) {
    const far = 1 - step / (STEPS - 1);
    const turn = `transform: rotate(${Math.round(-50 * far)}deg)`;
    const at = `translate: ${Math.round(430 * far)}px ${Math.round(-260 * far)}px`;
    pictures.push(
      await drawn(table, text, { width: Math.round(130 + 150 * (1 - far)), plate: turn, at }),
    );
  }
  await table.close();
  return pictures;
}
