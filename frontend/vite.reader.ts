import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'fflate';
import type { Plugin } from 'vite';

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Indusmind API</title>
    <link rel="stylesheet" href="./swagger-ui.css" />
    <link rel="icon" href="../favicon.svg" />
  </head>
  <body>
    <div id="reader"></div>
    <script src="./swagger-ui-bundle.js"></script>
    <script src="./start.js"></script>
  </body>
</html>
`;

// Its validator is a service on the internet: nobody is asked.
const start = `window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reader",
  deepLinking: true,
  validatorUrl: null,
});
`;

/**
 * The reader of the API document, at /docs: Swagger UI, of which only the two files that are read
 * are taken. They are kept packed, because the appliance carries them and few ever open them; the
 * packer is a script of a fixed version, so that the same source gives the same bytes everywhere.
 */
export function reader(): Plugin {
  const home = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  return {
    name: 'reader',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'docs/index.html', source: page });
      this.emitFile({ type: 'asset', fileName: 'docs/start.js', source: start });
      for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
        const packed = gzipSync(readFileSync(join(home, name)), { level: 9, mtime: 0 });
        this.emitFile({ type: 'asset', fileName: `docs/${name}.gz`, source: packed });
      }
    },
  };
}
