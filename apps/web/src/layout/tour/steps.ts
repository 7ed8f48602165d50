export interface TourStep {
  readonly title: string;
  readonly text: string;
  /** The page that it is about. */
  readonly to: string;
  /** `data-tour` of what it is about. */
  readonly anchor: string;
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
      text: 'It says whether the instrument is free, for whom it works and at which step, how many wait for it, and when it will be free. The three dots hold what can be done with it.',
      to: '/',
      anchor: 'device',
    },
    demo && workflow
      ? {
          title: 'Start a workflow',
          text: `“${demo.name}” is part of the demo: its steps are carried out on a simulated instrument, sixty times faster than a real one. Your own are made under Workflows, with New workflow.`,
          to: workflow,
          anchor: 'actions',
        }
      : {
          title: 'Make a workflow',
          text: 'Choose an instrument, put the steps in order, and start it: at once, or as soon as the instrument is free.',
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
      text: 'Every page changes by itself while this light is green (“Live”). Cards show the step in hand, the page of a workflow each step with its result, the timeline all instruments at once.',
      to: workflow ?? '/timeline',
      anchor: 'live',
    },
    {
      title: 'Find anything, hear of everything',
      text: `“Go to …” (${isMac ? '⌘K' : 'Ctrl K'}) leads to any page or instrument by its name, and to this tour. The bell counts what you have not read; what you want to be told of, and how, is chosen under Notifications.`,
      to: '/',
      anchor: 'find',
    },
  ];
}
