/** The token that a link carries behind `#`; a fragment never reaches a server or its log. Pure. */
export function tokenIn(hash: string): string | null {
  const found = /[#?&]token=([^&\s]+)/.exec(hash);
  if (!found?.[1]) return null;
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return null;
  }
}

/** What a person typed or pasted: a code as it is, or the whole link that carries it. Pure. */
export const codeOf = (typed: string): string => tokenIn(typed) ?? typed.trim();

let token: string | null = null;

/** Keeps the token of a fragment in memory; true when there was one. */
export function keepLinkToken(hash: string): boolean {
  const found = tokenIn(hash);
  token = found ?? token;
  return found !== null;
}

/** The same at the start, and takes it out of the address bar and the history. */
export function takeLinkToken(): void {
  if (keepLinkToken(location.hash))
    history.replaceState(history.state, '', location.pathname + location.search);
}

export const linkToken = () => token;

/** A token that was used is worth nothing, and the next form must not show it. */
export function forgetLinkToken(): void {
  token = null;
}
