import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { type ProjectRef, startRun } from '../../api/resources.ts';
import type { Project } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { RefPicker } from '../../components/ref-picker.tsx';

/** Starts a pipeline by hand, on a branch that one picks. */
export function RunNow({ project, at }: { project: Project; at: ProjectRef }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        icon="play"
        onClick={() => {
          setOpen(true);
        }}
      >
        Run pipeline
      </Button>
      {open && (
        <RunDialog
          project={project}
          at={at}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </>
  );
}

function RunDialog({
  project,
  at,
  onClose,
}: {
  project: Project;
  at: ProjectRef;
  onClose: () => void;
}): JSX.Element {
  const { route } = useLocation();
  const [ref, setRef] = useState(project.defaultBranch);
  const start = useAction(async () => {
    const run = await startRun(at, ref);
    invalidate('pipelines');
    onClose();
    route(`/pipelines/${run.id}`);
  });
  return (
    <FormDialog
      title={`Run ${at.owner}/${at.project}`}
      submit="Run pipeline"
      pending={start.pending}
      problem={start.problem}
      onSubmit={() => {
        start.run();
      }}
      onClose={onClose}
    >
      <RefPicker
        label="Branch"
        at={at}
        value={ref}
        onValue={setRef}
        autoFocus
        help="Runs the .platform.yaml of its newest commit."
      />
    </FormDialog>
  );
}
