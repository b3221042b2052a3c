// What is shown of a second factor. Pure.

/** "JBSW Y3DP EHPK 3PXP": in fours, as a person types it from one screen into another. */
export const inFours = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ');

/** What a person typed as a code: apps show it as "287 082". */
export const plainCode = (typed: string): string => typed.replace(/[\s-]/g, '');

/** The recovery codes as a file for a safe place. */
export function codesFile(codes: string[], title: string, text: string): string {
  return [title, '', ...codes, '', text, ''].join('\r\n');
}
