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

  /** What stands in for the appliance answered, as during an update: it says no sentence. */
  get away(): boolean {
    return this.code === 'HTTP_503';
  }

  /** Nobody showed who he is, so the appliance did nothing. */
  get unproven(): boolean {
    return this.code === NOT_PROVEN;
  }

  get fields(): FieldError[] {
    const fields = this.details?.fields;
    return Array.isArray(fields) ? (fields as FieldError[]) : [];
  }
}

/** What the appliance answers before a dangerous action, until somebody shows who he is. */
export const STEP_UP_REQUIRED = 'STEP_UP_REQUIRED';
/** What comes of it when nobody does: the request was not repeated. */
const NOT_PROVEN = 'NOT_PROVEN';
export const notProven = () => new ApiError('', NOT_PROVEN, 403);

export const networkError = () => new ApiError('', 'NETWORK', 0);

/** Seconds to wait, from either form of the header (a number or a date). */
export function retryAfterSeconds(header: string | null, now: number): number | null {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds));
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

type Reword = (said: string, code?: string) => string;
let reword: Reword = (said) => said;

/** Has every refusal said again in the language of who reads; `null` leaves them in English. */
export function rewordRefusals(again: Reword | null): void {
  reword = again ?? ((said) => said);
}

/** A sentence of the appliance that is no refusal, in the language of who reads. */
export const reworded = (said: string): string => reword(said);

function detailsOf(failure: Failure): Failure['details'] {
  const fields = failure.details?.fields;
  if (!failure.details || !Array.isArray(fields)) return failure.details;
  const again = (field: FieldError) => ({ ...field, message: reword(field.message) });
  return { ...failure.details, fields: (fields as FieldError[]).map(again) };
}

interface Failure {
  error?: string;
  error_code?: string;
  details?: Record<string, unknown> | null;
  request_id?: string;
}

export function errorFrom(response: Response, body: unknown): ApiError {
  const failure: Failure = body && typeof body === 'object' ? (body as Failure) : {};
  const code = failure.error_code ?? `HTTP_${response.status}`;
  return new ApiError(
    failure.error === undefined
      ? `${response.status} ${response.statusText}`.trim()
      : reword(failure.error, code),
    code,
    response.status,
    detailsOf(failure) ?? null,
    retryAfterSeconds(response.headers.get('Retry-After'), Date.now()),
    failure.request_id ?? response.headers.get('X-Request-ID'),
  );
}
