import { words } from '../text.ts';
import { Visible } from './visible.tsx';

interface WhoProps {
  readonly who: { readonly subject: string; readonly email: string | null; readonly agent?: string | null } | null;
}

/** The person, and the agent that acts for them. Both are others' words. */
export function Who({ who }: WhoProps) {
  if (who === null) return <span className="text-quiet">{words.nobody}</span>;
  return (
    <span>
      <Visible text={who.email ?? who.subject} limit={80} line />
      {who.agent !== null && who.agent !== undefined && (
        <span className="text-quiet">
          {' › '}
          <Visible text={who.agent} limit={60} line />
        </span>
      )}
    </span>
  );
}
