import { useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

/**
 * A link to another page that does not know where one is: unlike `PageLink` it is not drawn anew with every change of the address, which
 * tells where there are hundreds of them.
 */
export function LightLink(props: { to: string; className?: string | undefined; children: ReactNode }) {
  const { to, className, children } = props;
  const router = useRouter();
  const go = (event: MouseEvent) => {
    // Into another tab, or saved: that is for the browser.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate({ to });
  };
  return (
    <a
      href={`${router.basepath}${to}`}
      className={className}
      onClick={go}
      onPointerEnter={() => void router.preloadRoute({ to })}
    >
      {children}
    </a>
  );
}
