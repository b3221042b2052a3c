// The unit in which the appliance keeps a well-known quantity, whatever its device speaks in. Pure.

const kept: Record<string, string> = {
  power: 'kW',
  dc_power: 'kW',
  reactive_power: 'kvar',
  apparent_power: 'kVA',
  consumption: 'kWh',
  export_energy: 'kWh',
  partial_consumption: 'kWh',
  partial_export_energy: 'kWh',
  reactive_energy: 'kvarh',
  reactive_export_energy: 'kvarh',
  apparent_energy: 'kVAh',
  voltage: 'V',
  line_voltage: 'V',
  current: 'A',
  neutral_current: 'A',
  frequency: 'Hz',
  power_factor: '',
  temperature: '°C',
  voltage_thd: '%',
  current_thd: '%',
  humidity: '%',
  battery_level: '%',
};

/** Empty for a ratio; `null` for a quantity of the plant's own, whose unit only its device knows. */
export const unitKept = (metric: string): string | null =>
  kept[metric.replace(/^t[1-9]_/, '')] ?? null;
