export interface TourStep {
  readonly title: string;
  readonly text: string;
  /** The page that it is about. */
  readonly to: string;
  /** `data-tour` of what it is about. */
  readonly anchor: string;
  /** Where the card stands, if not below: it must not cover what it speaks of. */
  readonly side?: 'left';
}

/** A workflow of the demo laboratory. */
export interface DemoWorkflow {
  readonly id: string;
  readonly name: string;
}

/** Where there is no workflow of the demo left to be looked at, the tour shows the lists instead. */
export function stepsOf(demo: DemoWorkflow | undefined, isMac: boolean): readonly TourStep[] {
  const workflow = demo && `/workflows/${demo.id}`;
  return [
    {
      title: 'A card for each instrument',
      text: 'It shows whether the instrument is free, which workflow it is working on, how many are waiting, and when it will be free. The three dots open what you can do with it.',
      to: '/',
      anchor: 'device',
    },
    demo && workflow
      ? {
          title: 'Start a workflow',
          text: `“${demo.name}” is part of the demo. It runs on a simulated instrument, sixty times faster than a real one. To make your own, go to Workflows and choose New workflow.`,
          to: workflow,
          anchor: 'actions',
        }
      : {
          title: 'Make a workflow',
          text: 'Choose an instrument, put the steps in order, and start it: right away, or as soon as the instrument is free.',
          to: '/workflows',
          anchor: 'actions',
        },
    {
      title: 'The queue',
      text: 'A workflow whose instrument is busy waits here. Open an instrument to see who is next, and when; an operator can change the order.',
      to: '/queue',
      anchor: 'title',
    },
    {
      title: 'Progress, live',
      text: 'Every page updates by itself while this light is green (“Live”). The cards show the current step, a workflow’s page shows each step with its result, and the timeline shows all instruments at once.',
      to: workflow ?? '/timeline',
      anchor: 'live',
      // Below stands the button that starts the workflow.
      side: 'left',
    },
    {
      title: 'Find anything, miss nothing',
      text: `“Go to …” (${isMac ? '⌘K' : 'Ctrl K'}) takes you to any page or instrument by its name, and back to this tour. The bell counts what you have not read. Choose what you want to be told, and how, under Notifications.`,
      to: '/',
      anchor: 'find',
    },
  ];
}
