const units: readonly (readonly [ending: string, unit: string])[] = [
  ['_ul_s', 'µL/s'],
  ['_ul', 'µL'],
  ['_ml', 'mL'],
  ['_nm', 'nm'],
  ['_mm', 'mm'],
  ['_rpm', 'rpm'],
  ['_percent', '%'],
  ['_c', '°C'],
  ['_s', 's'],
  ['_g', '× g'],
];

/** What a name says that carries its unit: `volume_ul` is `volume` in `µL`. */
export function readName(name: string): { words: string; unit: string | undefined } {
  const found = units.find(([ending]) => name.endsWith(ending) && name.length > ending.length);
  const words = (found ? name.slice(0, -found[0].length) : name).replaceAll('_', ' ');
  return { words, unit: found?.[1] };
}
