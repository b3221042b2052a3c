// A file that the appliance made, into the person's downloads.

export interface SavedFile {
  blob: Blob;
  name: string;
}

/** The browser may still be reading while it asks where to save. */
const KEEP_MS = 60_000;

export function saveFile({ blob, name }: SavedFile): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}
