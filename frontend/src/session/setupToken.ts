/** The token that the console's link carries behind `#`; a fragment never reaches the server. */
export function tokenIn(hash: string): string | null {
  const found = /[#?&]token=([^&]+)/.exec(hash);
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

let token: string | null = null;

/** Keeps the token in memory and takes it out of the address bar and the history. */
export function takeSetupToken(): void {
  token = tokenIn(location.hash);
  if (token) history.replaceState(history.state, '', location.pathname + location.search);
}

export const setupToken = () => token;
