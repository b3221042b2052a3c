/** What each room is called, without its sentences; vite.words.ts makes it. */
declare module 'virtual:room-names/*' {
  const names: Record<string, string>;
  export default names;
}
