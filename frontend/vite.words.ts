// The names of all rooms apart from their sentences: the menu needs them before the rooms come.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

const PREFIX = 'virtual:room-names/';

export function roomNames(): Plugin {
  const folder = path.resolve(import.meta.dirname, 'src/words');
  return {
    name: 'room-names',
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return null;
      const words = path.join(folder, id.slice(PREFIX.length + 1));
      const names: Record<string, string> = {};
      for (const name of readdirSync(words).sort()) {
        const file = path.join(words, name);
        this.addWatchFile(file);
        const said = JSON.parse(readFileSync(file, 'utf8')) as { room?: Record<string, string> };
        Object.assign(names, said.room);
      }
      return `export default ${JSON.stringify(names)};`;
    },
  };
}
