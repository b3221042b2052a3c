export interface FieldError {
  path: string;
  message: string;
}

/** What went wrong, in the server's own sentence; `network` when no answer came at all. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly details: Record<string, unknown> | null = null,
    readonly retryAfterS: number | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get network(): boolean {
    return this.status === 0;
  }

  get fields(): FieldError[] {
    const fields = this.details?.fields;
    return Array.isArray(fields) ? (fields as FieldError[]) : [];
  }
}

export const networkError = () => new ApiError('', 'NETWORK', 0);

/** Seconds to wait, from either form of the header (a number or a date). */
export function retryAfterSeconds(header: string | null, now: number): number | null {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds));
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

interface Failure {
  error?: string;
  error_code?: string;
  details?: Record<string, unknown> | null;
  request_id?: string;
}

export function errorFrom(response: Response, body: unknown): ApiError {
  const failure: Failure = body && typeof body === 'object' ? (body as Failure) : {};
  return new ApiError(
    failure.error ?? `${response.status} ${response.statusText}`.trim(),
    failure.error_code ?? `HTTP_${response.status}`,
    response.status,
    failure.details ?? null,
    retryAfterSeconds(response.headers.get('Retry-After'), Date.now()),
    failure.request_id ?? response.headers.get('X-Request-ID'),
  );
}
