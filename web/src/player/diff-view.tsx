import { parse } from 'diff2html';
import { useMemo, useState } from 'react';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';

type File = ReturnType<typeof parse>[number];

/** Files with more lines than this are opened one by one. */
const atOnce = 10_000;

/** A change set as lines that came and went. Only the parser of the library is used: its HTML would need to be trusted. */
export function DiffView({ text }: { readonly text: string }) {
  const files = useMemo(() => parse(text, { matching: 'none' }), [text]);
  const lines = files.reduce((sum, file) => sum + file.addedLines + file.deletedLines, 0);
  return (
    <figure className="border border-hairline bg-raised">
      <figcaption className="border-b border-hairline px-2 py-1 text-quiet">
        {words.diff.counted(
          files.length,
          files.reduce((sum, { addedLines }) => sum + addedLines, 0),
          files.reduce((sum, { deletedLines }) => sum + deletedLines, 0),
        )}
      </figcaption>
      {files.map((file, place) => (
        // The files of one change set keep their order.
        <FileView key={place} file={file} initiallyOpen={lines <= atOnce} />
      ))}
    </figure>
  );
}

function FileView({ file, initiallyOpen }: { readonly file: File; readonly initiallyOpen: boolean }) {
  const [open, setOpen] = useState(initiallyOpen);
  const name = file.newName === '/dev/null' ? file.oldName : file.newName;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="sticky top-0 flex gap-3 border-b border-hairline bg-sunken px-2 py-1">
        <code className="truncate">
          <Visible text={name} limit={200} line />
        </code>
        <span className="text-quiet">
          +{file.addedLines} −{file.deletedLines}
        </span>
      </summary>
      {open && <Lines file={file} />}
    </details>
  );
}

function Lines({ file }: { readonly file: File }) {
  return (
    <div className="overflow-x-auto text-code font-mono">
      {file.blocks.flatMap((block, at) => [
        <div key={`block ${at}`} className="bg-canvas px-2 text-quiet">
          <Visible text={block.header} limit={200} line />
        </div>,
        ...block.lines.map((line, place) => (
          <div key={`${at} ${place}`} className={`grid grid-cols-[5ch_5ch_1fr] gap-1 whitespace-pre ${lineClass(line.content)}`}>
            <span className="text-right text-quiet">{line.oldNumber}</span>
            <span className="text-right text-quiet">{line.newNumber}</span>
            <span>
              <Visible text={line.content} limit={2000} />
            </span>
          </div>
        )),
      ])}
    </div>
  );
}

/** Colours are for verdicts: what came is bold, what went is struck through, and the sign says it. */
function lineClass(content: string): string {
  if (content.startsWith('+')) return 'bg-sunken font-semibold';
  return content.startsWith('-') ? 'text-quiet line-through decoration-control' : '';
}
