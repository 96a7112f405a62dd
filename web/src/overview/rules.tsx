import { Link } from '@tanstack/react-router';
import type { Overview } from '../api/types.ts';
import { withFilter } from '../query/fields.ts';
import { words } from '../text.ts';
import { Question } from './question.tsx';

/** How often each rule kept something from passing, and how often that was reached another way. */
export function Rules({ overview }: { readonly overview: Overview }) {
  const { rules } = overview;
  const barred = (rule: (typeof rules)[number]) => rule.refused + rule.denied + rule.expired;
  const most = Math.max(1, ...rules.map((rule) => barred(rule) + rule.approved));
  return (
    <Question asks={words.overview.rules}>
      {rules.length === 0 && <p className="text-quiet">{words.overview.noRules}</p>}
      <ul className="flex flex-col gap-2">
        {rules.map((rule) => (
          <li key={rule.policy}>
            <div className="flex flex-wrap justify-between gap-x-4">
              <Link
                to="/exchanges"
                search={{ q: `is:exceptional ${withFilter('', 'policy', rule.policy)}` }}
                className="no-underline hover:underline"
              >
                {rule.policy}
              </Link>
              <span className="text-quiet">
                {words.overview.rule(barred(rule), rule.approved)}
                {rule.workedAround > 0 && (
                  <span className="text-refused"> · {words.overview.workedAround(rule.workedAround, rule.lookedInto)}</span>
                )}
              </span>
            </div>
            <Bar
              parts={[
                { share: barred(rule) / most, colour: 'bg-refused' },
                { share: rule.approved / most, colour: 'bg-approved' },
              ]}
            />
          </li>
        ))}
      </ul>
    </Question>
  );
}

interface BarProps {
  readonly parts: readonly { readonly share: number; readonly colour: string }[];
}

export function Bar({ parts }: BarProps) {
  return (
    <div className="mt-1 flex h-1.5 bg-sunken" aria-hidden="true">
      {parts.map(({ share, colour }) => (
        <div key={colour} className={colour} style={{ width: `${share * 100}%` }} />
      ))}
    </div>
  );
}
