// Pieces for valibot schemas over what a person typed. A message is the key of a sentence.
import * as v from 'valibot';
import type { Errors } from './useFormErrors';

export const required = () => v.pipe(v.string(), v.trim(), v.minLength(1, 'check.required'));

/** "0,291" and "0.291" are the same number to the person who types it. */
export const decimalOf = (text: string) => Number(text.trim().replace(',', '.') || 'x');

export const whole = (low: number, high: number, message: string) =>
  v.pipe(
    required(),
    v.check((text) => {
      const value = Number(text);
      return /^\d+$/.test(text) && value >= low && value <= high;
    }, message),
  );

export const optionalDecimal = (message: string, allowed: (value: number) => boolean) =>
  v.pipe(
    v.string(),
    v.check((text) => {
      if (text.trim() === '') return true;
      const value = decimalOf(text);
      return Number.isFinite(value) && allowed(value);
    }, message),
  );

export const email = () => v.pipe(required(), v.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'check.email'));

/** One sentence per field, the first that applies, under the path that the server uses too. */
export function errorsOf(
  schema: v.GenericSchema,
  form: unknown,
  translate: (key: string) => string,
): Errors {
  const result = v.safeParse(schema, form);
  const errors: Errors = {};
  for (const issue of result.issues ?? []) {
    const path = v.getDotPath(issue);
    if (path) errors[path] ??= translate(issue.message);
  }
  return errors;
}
