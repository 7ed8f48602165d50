import { tasksApiConformance } from '@labwright/contract-hub/tasks/conformance';
import { createFakeHub } from './fake-hub.ts';

tasksApiConformance('in memory', async () => {
  const hub = createFakeHub();
  return {
    api: hub.api,
    complete: async (id, values) => void hub.complete(id, values as Record<string, number>),
    cancel: async (id) => void hub.cancel(id),
    // Nobody can, here.
    reopen: async () => 'task_of_a_step',
    changeForm: async () => 'task_of_a_step',
    close: async () => {},
  };
});
