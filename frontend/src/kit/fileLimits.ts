// Whether a file may be sent, before it travels. The appliance looks again, at what is in it. Pure.

export interface FileLimits {
  /** Endings that are taken, without the dot. */
  endings: readonly string[];
  /** Most bytes. */
  max: number;
}

export type FileFault = 'kind' | 'large' | 'empty';

export const MEGABYTE = 1 << 20;

export function fileFault({ name, size }: { name: string; size: number }, limits: FileLimits) {
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (!limits.endings.includes(ending)) return 'kind' satisfies FileFault;
  if (size > limits.max) return 'large' satisfies FileFault;
  return size === 0 ? ('empty' satisfies FileFault) : null;
}

/** What a file box offers first. */
export const acceptOf = ({ endings }: FileLimits): string =>
  endings.map((ending) => `.${ending}`).join(',');
