// What calls of the appliance are made of: a path with an id, and lists that come page by page.
export const at = (id: string) => ({ params: { path: { id } } });

/** Four thousand machines: more than a plant has that one appliance reads. */
const ALL_PAGES = 40;
export const PAGE_SIZE = 100;

interface Part<T> {
  items: T[];
  has_more: boolean;
}

/** One page after the other, until the last or the limit. */
export async function everyPage<T>(
  ask: (query: { page: number; page_size: number }) => Promise<Part<T>>,
): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; page <= ALL_PAGES; page += 1) {
    const part = await ask({ page, page_size: PAGE_SIZE });
    items.push(...part.items);
    if (!part.has_more) break;
  }
  return items;
}

/** A body that is a text already, under its own content type. */
export const plain = (body: string, kind: string) => ({
  body: body as never,
  bodySerializer: (words: unknown) => words as string,
  headers: { 'Content-Type': kind },
});

/** A body of bytes. The generated type says how they are read: as numbers. */
export const raw = (file: File) => ({
  body: file as unknown as number[],
  bodySerializer: (bytes: unknown) => bytes as File,
  headers: { 'Content-Type': 'application/octet-stream' },
});
