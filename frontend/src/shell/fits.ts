/** A telephone has a bar of its own at its foot, with one button for the rest. */
export const ON_TELEPHONE = 4;

/**
 * How many entries of the main menu fit into the room that the rest of the header leaves, when
 * those that do not stand behind a button as wide as `more`. Pure.
 */
export function entriesThatFit(room: number, widths: number[], more: number): number {
  const sum = (parts: number[]) => parts.reduce((all, width) => all + width, 0);
  if (sum(widths) <= room) return widths.length;
  let fit = widths.length - 1;
  while (fit > 1 && sum(widths.slice(0, fit)) + more > room) fit -= 1;
  return Math.max(0, fit);
}
