// Which equipment may count energy: pure.

const ENERGY = new Set(['consumption', 'power']);

interface Choice {
  value: string;
  label: string;
}

export function metersOf(
  choices: Choice[],
  series: { equipment_id: string; metric: string }[],
  chosen: string[],
): Choice[] {
  const tells = new Map<string, boolean>();
  for (const { equipment_id: id, metric } of series)
    tells.set(id, tells.get(id) === true || ENERGY.has(metric));
  return choices.filter(({ value }) => tells.get(value) !== false || chosen.includes(value));
}
