import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'fflate';
import type { Plugin } from 'vite';

// Its validator is a service on the internet: nobody is asked. Its choice of servers has no name.
const start = `window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reader",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  onComplete: () => document.querySelector("#servers")?.setAttribute("aria-label", "Server"),
});
`;

const ours = (path: string) =>
  readFileSync(fileURLToPath(new URL(path, import.meta.url)), { encoding: 'utf8' });

/** The letters of the page, as the build called their file. */
function letters(files: string[]): string {
  const file = files.find((name) => /\/inter-latin-wght-normal-[^/]*\.woff2$/.test(name));
  if (!file) throw new Error('the build has no file of the letters that the API document wears');
  return `@font-face {
  font-family: 'Inter Variable';
  font-display: swap;
  font-weight: 100 900;
  src: url('../${file}') format('woff2');
}
`;
}

/**
 * The reader of the API document, at /docs: Swagger UI, of which only the two files that are read
 * are taken. They are kept packed, because the appliance carries them and few ever open them; the
 * packer is a script of a fixed version, so that the same source gives the same bytes everywhere.
 * What is around it and how it looks is ours: `reader/`, with the colours of the page.
 */
export function reader(): Plugin {
  const home = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  return {
    name: 'reader',
    apply: 'build',
    generateBundle(_, bundle) {
      const add = (name: string, source: string | Uint8Array) =>
        this.emitFile({ type: 'asset', fileName: `docs/${name}`, source });
      add('index.html', ours('./reader/index.html'));
      add('look.js', ours('./reader/look.js'));
      add('start.js', start);
      const tokens = ours('./src/styles/tokens.css');
      add('house.css', letters(Object.keys(bundle)) + tokens + ours('./reader/house.css'));
      for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js'])
        add(`${name}.gz`, gzipSync(readFileSync(join(home, name)), { level: 9, mtime: 0 }));
    },
  };
}
