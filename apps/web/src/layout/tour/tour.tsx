import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { rememberVisit } from './first-visit.ts';
import { Invitation } from './invitation.tsx';
import { StepCard } from './step-card.tsx';
import { type DemoWorkflow, stepsOf } from './steps.ts';
import { useDemo } from './use-demo.ts';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/**
 *     invited ──“Show me around”──► running ──the last step, Escape, another page──► over
 *        └──“No, thank you”, another page────────────────────────────────────────────► over
 *
 * `asked`: how often somebody wanted it by name; 0: this is the first visit, and it is offered where there is a demo to show.
 */
export default function Tour({ asked, onEnd }: { asked: number; onEnd: () => void }) {
  const [begun, setBegun] = useState(asked > 0);
  const demo = useDemo();
  const { pathname } = useLocation();
  const offered = !begun && demo;
  const end = () => {
    rememberVisit();
    onEnd();
  };
  // Whoever goes on without an answer is busy: it may be asked another day.
  useEffect(() => {
    if (!begun && (pathname !== '/' || demo === null)) onEnd();
  }, [begun, pathname, demo, onEnd]);

  if (begun) return demo === undefined ? null : <Running demo={demo?.ready} onEnd={end} />;
  return offered ? <Invitation onBegin={() => setBegun(true)} onDecline={end} /> : null;
}

function Running({ demo: ready, onEnd }: { demo: DemoWorkflow | undefined; onEnd: () => void }) {
  // Once started it is not ready any more, and is told of all the same.
  const [demo] = useState(ready);
  const steps = stepsOf(demo, isMac);
  const [number, setNumber] = useState(0);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const onTheWay = useRef(false);
  const step = steps[number];

  const go = async (next: number) => {
    const there = steps[next];
    if (!there) return onEnd();
    onTheWay.current = true;
    await navigate({ to: there.to });
    onTheWay.current = false;
    setNumber(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: it begins where its first step is, once
  useEffect(() => {
    rememberVisit();
    void go(0);
  }, []);
  // Whoever goes elsewhere has seen enough.
  useEffect(() => {
    if (!onTheWay.current && step && pathname !== step.to) onEnd();
  }, [pathname, step, onEnd]);

  if (!step) return null;
  return (
    <StepCard
      step={step}
      number={number}
      of={steps.length}
      startable={number === 1 ? demo : undefined}
      onGo={(next) => void go(next)}
      onEnd={onEnd}
    />
  );
}
