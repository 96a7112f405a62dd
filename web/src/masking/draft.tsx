import type { MaskingTried } from '../api/types.ts';
import { words } from '../text.ts';
import { Labelled } from './labelled.tsx';

type Problem = Extract<MaskingTried, { readonly kind: 'unsound' }>['problems'][number];

const actions = ['redact', 'partial', 'pseudonym', 'null'] as const;
const lists = ['patterns', 'detectors', 'columns'] as const;
type List = (typeof lists)[number];

/** One further rule as it is typed; which of its fields count is for its list to say. */
export interface DraftRule {
  readonly key: number;
  readonly list: List;
  readonly name: string;
  readonly what: string;
  readonly action: string;
}

/** As the API takes them. */
export function draftOf(rules: readonly DraftRule[]) {
  const of = (list: List) => rules.filter((rule) => rule.list === list);
  return {
    patterns: of('patterns').map(({ name, what, action }) => ({ name, pattern: what, action })),
    detectors: of('detectors').map(({ what, action }) => ({ detect: [what], action })),
    columns: of('columns').map(({ what, action }) => ({ column: what, action })),
  };
}

interface DraftProps {
  readonly rules: readonly DraftRule[];
  readonly detectorNames: readonly string[];
  readonly problems: readonly Problem[];
  readonly onChange: (rules: readonly DraftRule[]) => void;
}

/** Rules beside those in force, for one try. */
export function Draft({ rules, detectorNames, problems, onChange }: DraftProps) {
  const change = (key: number, more: Partial<DraftRule>) => onChange(rules.map((rule) => (rule.key === key ? { ...rule, ...more } : rule)));
  const add = (list: List) => {
    const key = Math.max(0, ...rules.map((rule) => rule.key)) + 1;
    const what = list === 'detectors' ? (detectorNames[0] ?? '') : '';
    onChange([...rules, { key, list, name: `pattern-${key}`, what, action: 'redact' }]);
  };
  return (
    <fieldset className="mt-4 border-t border-hairline pt-2">
      <legend className="pr-3 font-semibold">{words.masking.try.draft}</legend>
      {rules.map((rule) => (
        <Rule
          key={rule.key}
          rule={rule}
          detectorNames={detectorNames}
          problems={problemsOf(rules, rule, problems)}
          onChange={(more) => change(rule.key, more)}
          onRemove={() => onChange(rules.filter((other) => other.key !== rule.key))}
        />
      ))}
      <div className="mt-2 flex flex-wrap gap-2">
        {lists.map((list) => (
          <button key={list} type="button" className="button" onClick={() => add(list)}>
            {words.masking.try.addRule[list]}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function problemsOf(rules: readonly DraftRule[], rule: DraftRule, problems: readonly Problem[]): readonly Problem[] {
  const place = rules.filter(({ list }) => list === rule.list).indexOf(rule);
  return problems.filter(({ at }) => at.startsWith(`${rule.list}[${place}]`));
}

interface RuleProps extends Pick<DraftProps, 'detectorNames' | 'problems'> {
  readonly rule: DraftRule;
  readonly onChange: (more: Partial<DraftRule>) => void;
  readonly onRemove: () => void;
}

function Rule({ rule, detectorNames, problems, onChange, onRemove }: RuleProps) {
  const { try: told } = words.masking;
  const label = { patterns: told.pattern, detectors: told.detector, columns: told.columnName }[rule.list];
  return (
    <div className="mt-2" role="group" aria-label={`${told.rule[rule.list]} ${rule.key}`}>
      <div className="flex flex-wrap items-end gap-2">
        {rule.list === 'patterns' && (
          <Labelled label={told.patternName}>
            <input className="field w-36" value={rule.name} maxLength={40} onChange={(event) => onChange({ name: event.target.value })} />
          </Labelled>
        )}
        <Labelled label={label} wide>
          {rule.list === 'detectors' ? (
            <select className="field" value={rule.what} onChange={(event) => onChange({ what: event.target.value })}>
              {detectorNames.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          ) : (
            <input
              className="field w-full font-mono text-code"
              value={rule.what}
              maxLength={1_200}
              spellCheck={false}
              autoComplete="off"
              aria-invalid={problems.length > 0}
              onChange={(event) => onChange({ what: event.target.value })}
            />
          )}
        </Labelled>
        <Labelled label={told.action}>
          <select className="field" value={rule.action} onChange={(event) => onChange({ action: event.target.value })}>
            {actions.map((action) => (
              <option key={action}>{action}</option>
            ))}
          </select>
        </Labelled>
        <button type="button" className="button" aria-label={told.remove(`${told.rule[rule.list]} ${rule.key}`)} onClick={onRemove}>
          {'×'}
        </button>
      </div>
      {problems.map((problem) => (
        <ProblemLine key={`${problem.at} ${problem.message}`} problem={problem} text={rule.what} />
      ))}
    </div>
  );
}

/** What is wrong, under the very place where it begins. */
function ProblemLine({ problem: { message, from }, text }: { readonly problem: Problem; readonly text: string }) {
  return (
    <div className="mt-1 border-l-2 border-refused pl-3">
      {from !== null && (
        <code className="break-all">
          {text.slice(0, from)}
          <mark className="bg-refused-tint text-refused underline decoration-wavy">{text.slice(from)}</mark>
        </code>
      )}
      <p>
        {message} {from !== null && <span className="text-quiet">{words.masking.try.fromHere(from + 1)}</span>}
      </p>
    </div>
  );
}
