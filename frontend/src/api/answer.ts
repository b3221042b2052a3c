/**
 * An answer writes every field, with null for what is not known; the document calls such a field
 * optional. Only what is sent may leave fields out.
 */
export type Answer<T> = T extends (infer Item)[]
  ? Answer<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Answer<Exclude<T[Key], undefined>> }
    : T;
