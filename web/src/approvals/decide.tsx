import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { postJson, Refused } from '../api/client.ts';
import type { Approval, ApprovalAnswer } from '../api/types.ts';
import { Fault } from '../parts/states.tsx';
import { useKeys } from '../shell/keys.tsx';
import { words } from '../text.ts';
import { needsReadBack, readBackChoices } from './tier.ts';

/** Nothing can be pressed for this long after it appeared or changed: a press meant for something else must not land here. */
const armingMs = 800;
const undoMs = 3_000;
/** A wrong reading back shows that the act was not read. */
const lockMs = 30_000;

type Stage = { readonly kind: 'open' } | { readonly kind: 'reading' } | { readonly kind: 'releasing' } | { readonly kind: 'locked' };

interface DecideProps {
  readonly approval: Approval;
  /** Whether the end of the statement was on screen. */
  readonly read: boolean;
}

/** Approve is slower than refuse. Nothing is focused, and neither button is larger or in another colour. */
export function Decide({ approval, read }: DecideProps) {
  const { stage, setStage, reason, setReason, answer } = useDecision(approval);
  const back = () => setStage({ kind: 'open' });
  const release = () => setStage({ kind: 'releasing' });
  return (
    <section aria-label={words.approval.decide} className="sticky bottom-0 border-t border-control bg-canvas p-4 print:hidden">
      {answer.isError && <Conflict fault={answer.error} />}
      {stage.kind === 'reading' && (
        <ReadBack approval={approval} onRight={release} onWrong={() => setStage({ kind: 'locked' })} onBack={back} />
      )}
      {stage.kind === 'releasing' && <Releasing onUndo={back} />}
      {(stage.kind === 'open' || stage.kind === 'locked') && (
        <>
          <Reason value={reason} onChange={setReason} />
          <Buttons
            digest={approval.digest}
            read={read}
            locked={stage.kind === 'locked'}
            busy={answer.isPending}
            onApprove={needsReadBack(approval) ? () => setStage({ kind: 'reading' }) : release}
            onRefuse={() => answer.mutate('deny')}
          />
        </>
      )}
    </section>
  );
}

function useDecision(approval: Approval) {
  const [stage, setStage] = useState<Stage>({ kind: 'open' });
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const answer = useMutation({
    mutationFn: (decision: ApprovalAnswer['decision']) => {
      // The digest says which act was looked at: an answer to another one does not count.
      const body: ApprovalAnswer = { decision, reason: reason.trim() || null, digest: approval.digest };
      return postJson<Approval>(`/api/v1/approvals/${encodeURIComponent(approval.id)}`, body);
    },
    // Whatever came of it, what the gateway says now is what holds.
    onSettled: () => queries.invalidateQueries({ queryKey: ['approval', approval.id] }),
  });
  useDelay(stage.kind === 'releasing', undoMs, () => {
    setStage({ kind: 'open' });
    answer.mutate('approve');
  });
  useDelay(stage.kind === 'locked', lockMs, () => setStage({ kind: 'open' }));
  return { stage, setStage, reason, setReason, answer };
}

interface ButtonsProps {
  readonly digest: string;
  readonly read: boolean;
  readonly locked: boolean;
  readonly busy: boolean;
  readonly onApprove: () => void;
  readonly onRefuse: () => void;
}

function Buttons({ digest, read, locked, busy, onApprove, onRefuse }: ButtonsProps) {
  const [yes, no] = [useRef<HTMLButtonElement>(null), useRef<HTMLButtonElement>(null)];
  const armed = useArmed(digest);
  useKeys(words.keys.approval, [
    { keys: 'a', says: words.keys.toApprove, run: () => yes.current?.focus() },
    { keys: 'r', says: words.keys.toRefuse, run: () => no.current?.focus() },
  ]);
  const mayRefuse = armed && !busy;
  const mayApprove = mayRefuse && read && !locked;
  const size = 'button h-12 min-w-36 justify-center sm:h-11';
  return (
    <div className="mt-3 flex flex-wrap items-center gap-6">
      <button ref={yes} type="button" className={size} aria-disabled={!mayApprove} onClick={() => mayApprove && onApprove()}>
        {words.approval.approve}
      </button>
      <button ref={no} type="button" className={size} aria-disabled={!mayRefuse} onClick={() => mayRefuse && onRefuse()}>
        {words.approval.refuse}
      </button>
      <span role="status" className="text-quiet">
        {locked ? words.approval.locked : read ? '' : words.approval.readFirst}
      </span>
    </div>
  );
}

function Reason({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  return (
    <div className="flex flex-wrap items-end gap-2">
      <label className="flex min-w-0 flex-1 basis-60 flex-col text-meta text-quiet">
        {words.approval.reason}
        <input className="field text-body" value={value} maxLength={1000} onChange={(event) => onChange(event.target.value)} />
      </label>
      {words.approval.presets.map((preset) => (
        <button key={preset} type="button" className="button" onClick={() => onChange(preset)}>
          {preset}
        </button>
      ))}
    </div>
  );
}

interface ReadBackProps {
  readonly approval: Approval;
  readonly onRight: () => void;
  readonly onWrong: () => void;
  readonly onBack: () => void;
}

/** The button that was pressed has gone: what it asks takes its place, and none of the answers does. */
function focus(asked: HTMLElement | null): void {
  asked?.focus();
}

function ReadBack({ approval, onRight, onWrong, onBack }: ReadBackProps) {
  return (
    <fieldset ref={focus} tabIndex={-1} className="outline-none">
      <legend className="text-prose font-semibold">{words.approval.readBack}</legend>
      <div className="mt-2 flex flex-col gap-2">
        {readBackChoices(approval).map(({ text, isTrue }) => (
          <button
            key={text}
            type="button"
            className="button h-auto min-h-11 py-2 text-left whitespace-normal"
            onClick={isTrue ? onRight : onWrong}
          >
            {text}
          </button>
        ))}
        <button type="button" className="button self-start" onClick={onBack}>
          {words.approval.back}
        </button>
      </div>
    </fieldset>
  );
}

function Releasing({ onUndo }: { readonly onUndo: () => void }) {
  const undo = useRef<HTMLButtonElement>(null);
  useEffect(() => undo.current?.focus(), []);
  return (
    <div role="status" className="flex items-center gap-4">
      <span className="text-prose">{words.approval.releasing}</span>
      <button ref={undo} type="button" className="button h-11" onClick={onUndo}>
        {words.approval.undo}
      </button>
    </div>
  );
}

/** What somebody else decided meanwhile, or time did, is not a fault: it is said, and that this press changed nothing. */
function Conflict({ fault }: { readonly fault: unknown }) {
  if (fault instanceof Refused && fault.document.code === 'APPROVAL_CLOSED')
    return (
      <p role="alert" className="mb-3 border-l-2 border-held bg-held-tint p-2">
        {words.approval.tooLate} {fault.document.detail}
      </p>
    );
  return <Fault fault={fault} />;
}

function useArmed(what: string): boolean {
  const [armed, setArmed] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setArmed(what), armingMs);
    return () => clearTimeout(timer);
  }, [what]);
  return armed === what;
}

function useDelay(on: boolean, ms: number, run: () => void): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!on) return undefined;
    const timer = setTimeout(() => latest.current(), ms);
    return () => clearTimeout(timer);
  }, [on, ms]);
}
