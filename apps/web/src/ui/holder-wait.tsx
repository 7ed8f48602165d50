import { CircleAlert } from 'lucide-react';
import type { HolderWait } from '../api/holder-wait.ts';
import classes from './holder-wait.module.css';
import { LightLink } from './light-link.tsx';

/** What the holder of a device waits for, after its name: `waits until somebody runs step 2`. `brief`: without the title of a task. */
export function HolderWaitText({ wait, brief = false }: { wait: HolderWait; brief?: boolean }) {
  switch (wait.kind) {
    case 'task': {
      const to = `/tasks/${encodeURIComponent(wait.task)}`;
      if (brief)
        return (
          <LightLink to={to} className={classes.link}>
            waits for a person
          </LightLink>
        );
      return (
        <>
          waits for a person:{' '}
          <LightLink to={to} className={classes.link}>
            {wait.title}
          </LightLink>
        </>
      );
    }
    case 'step':
      return <>waits until somebody runs step {wait.position}</>;
    case 'completion':
      return <>waits until somebody completes it</>;
    case 'unknown':
      return <>waits until somebody tells what became of step {wait.position}</>;
    case 'failed':
      return (
        <span className={classes.failed}>
          <CircleAlert size="1em" aria-hidden />
          has failed at step {wait.position}
          {wait.message === null ? '' : `: ${wait.message.replace(/[.\s]+$/, '')}`}
        </span>
      );
  }
}

/** Of one that waits in line behind such a holder. */
export const turnAfter = ({ kind }: HolderWait): string =>
  kind === 'task'
    ? 'Its turn comes after a person has done their part.'
    : 'It is not known when its turn comes.';
