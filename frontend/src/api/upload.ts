// A file on its way to the appliance: the only XMLHttpRequest of the page, because fetch cannot tell
// how far it is.
import type { Answer } from './answer';
import { refuseWhileAway, tokenNow } from './client';
import { errorFrom, networkError } from './errors';

/** 20 MB over the slowest line that a plant still has. */
const UPLOAD_TIMEOUT_MS = 600_000;

export interface Sending {
  file: File;
  /** The name of its field in the form. */
  field: string;
  /** Told the part that is sent, 0 to 1. */
  moved: (share: number) => void;
  /** Ends it before its end. */
  stop?: AbortSignal;
}

function send(path: string, { file, field, moved, stop }: Sending, token: string | null) {
  return new Promise<{ response: Response; body: unknown }>((resolve, reject) => {
    // What renewed the token may have waited until the appliance was away.
    refuseWhileAway();
    const request = new XMLHttpRequest();
    const fail = () => reject(networkError());
    request.open('POST', `/api${path}`);
    request.timeout = UPLOAD_TIMEOUT_MS;
    request.responseType = 'json';
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => moved(total > 0 ? loaded / total : 0);
    request.onerror = request.ontimeout = request.onabort = fail;
    request.onload = () => {
      const { status, statusText } = request;
      const retry = request.getResponseHeader('Retry-After');
      const headers = retry ? { 'Retry-After': retry } : undefined;
      resolve({
        response: new Response(null, { status, statusText, headers }),
        body: request.response,
      });
    };
    stop?.addEventListener('abort', () => request.abort(), { once: true });
    const form = new FormData();
    form.append(field, file);
    request.send(form);
  });
}

/** Sends one file, unless the appliance is away; what it answers, or its refusal as an ApiError. */
export async function upload<T>(path: string, sending: Sending): Promise<Answer<T>> {
  refuseWhileAway();
  let answer = await send(path, sending, await tokenNow());
  if (answer.response.status === 401) answer = await send(path, sending, await tokenNow(true));
  if (!answer.response.ok) throw errorFrom(answer.response, answer.body);
  return (answer.body as { data: Answer<T> }).data;
}
