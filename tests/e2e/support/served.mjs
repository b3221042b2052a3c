// A page that was built, but is in no binary yet, for who works on it: INDUSMIND_PAGE names its folder.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

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

/** Puts the page in this folder before the one in the binary; the API stays the appliance's. */
export async function serve(page, folder) {
  await page.route(
    (url) => !/^\/(api|ws|health)\b/.test(url.pathname),
    async (route) => {
      const asked = path.join(folder, new URL(route.request().url()).pathname);
      const isFile = await stat(asked).then(
        (found) => found.isFile(),
        () => false,
      );
      const file = isFile ? asked : path.join(folder, 'index.html');
      const contentType = TYPES[path.extname(file)] ?? 'application/octet-stream';
      await route.fulfill({ body: await readFile(file), contentType });
    },
  );
}
