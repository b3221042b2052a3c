/** Where to go after the log-in: a path of this page, never another host. Pure. */
export function nextPath(wanted: unknown): string {
  const path = typeof wanted === 'string' ? wanted : '/';
  return /^\/(?![/\\])/.test(path) ? path : '/';
}
