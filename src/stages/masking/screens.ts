import { stricter } from './action.ts';
import { detectors, detectorsNamed } from './detectors/index.ts';
import { detectorNames } from './detectors/names.ts';
import { type DetectorUse, type PatternUse, Screen } from './screen.ts';
import type { MaskingSettings } from './settings.ts';

/** What the configuration wants looked for on a connection. A detector that several rules name is used once, with the strictest action. */
export function screenOf(settings: MaskingSettings, connection: string): Screen {
  const uses = new Map<string, DetectorUse>();
  for (const [index, rule] of settings.detectors.entries()) {
    if (rule.connections?.includes(connection) === false) continue;
    for (const detector of rule.detect.filter(isKnown).flatMap(detectorsNamed)) {
      const before = uses.get(detector.name);
      if (before !== undefined && stricter(before.action, rule.action) === before.action) continue;
      const { name, shape } = detector;
      uses.set(name, { name, shape, action: rule.action, rule: `detectors[${index}]`, detector });
    }
  }
  const patterns = settings.patterns
    .filter(({ connections }) => connections?.includes(connection) !== false)
    .map(
      ({ name, pattern, action }): PatternUse => ({
        name,
        shape: 'text',
        action,
        rule: `patterns[${settings.patterns.findIndex((rule) => rule.name === name)}]`,
        pattern: { name, source: pattern },
      }),
    );
  return new Screen(
    detectors.flatMap(({ name }) => uses.get(name) ?? []),
    patterns,
  );
}

const isKnown = (name: string) => detectorNames.includes(name);
