// A page that was built, but is in no binary yet, for who works on it: INDUSMIND_PAGE names its folder.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Chromium takes a page that comes from no server for one of the internet, and keeps its socket from
 * this machine. */
export const SERVED_FLAG =
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets';

const isFile = (file) =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );

/** A file of the page, also one that is kept packed; null for what is none. */
async function bytesOf(file) {
  if (await isFile(file)) return readFile(file);
  return (await isFile(`${file}.gz`)) ? gunzipSync(await readFile(`${file}.gz`)) : null;
}

/** Puts the page in this folder before the one in the binary; the API stays the appliance's. */
export async function serve(page, folder) {
  await page.route(
    (url) => !/^\/(api|ws|health|openapi\.json)\b/.test(url.pathname),
    async (route) => {
      const name = new URL(route.request().url()).pathname.replace(/^\/docs\/$/, '$&index.html');
      const asked = path.join(folder, name);
      const body = await bytesOf(asked);
      // What is no file is an address of the page itself.
      const file = body ? asked : path.join(folder, 'index.html');
      const contentType = TYPES[path.extname(file)] ?? 'application/octet-stream';
      await route.fulfill({ body: body ?? (await readFile(file)), contentType });
    },
  );
}
