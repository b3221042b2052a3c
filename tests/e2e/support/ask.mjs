// A request of a script, apart from the page.

/** Asks the API at this address; what it answers, or an error that says why not. */
export async function ask(address, method, path, { token, body } = {}) {
  const answer = await fetch(`${address}/api${path}`, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  const { data, error } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${error}`);
  return data;
}
