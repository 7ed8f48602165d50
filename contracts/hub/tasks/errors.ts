import { errorCatalogue } from '@labwright/kernel/errors';

/** Every error of operator tasks beside the common ones. */
export const taskErrors = errorCatalogue({
  task_not_found: { status: 404, title: 'There is no such task', remedy: '`GET /tasks` lists them.' },
  invalid_task: {
    status: 400,
    title: 'The task cannot be as described',
    remedy: 'Mend each place that `faults` names.',
  },
  unknown_person: {
    status: 400,
    title: 'Nobody has this id',
    remedy: 'Assign the task to a person of this laboratory who is not locked, or to a role.',
  },
  invalid_values: {
    status: 400,
    title: 'The form is not filled in as it should be',
    remedy: 'Mend each value that `faults` names; `fields` of the task says what each may be.',
  },
  version_required: {
    status: 428,
    title: 'A change names the version that it is made of',
    remedy: 'Send `version` in the body, or the ETag in `If-Match`; `If-Match: *` changes whatever is there.',
  },
  version_conflict: {
    status: 409,
    title: 'Somebody changed the task meanwhile',
    remedy: '`task` shows how it stands now. Look at it, and ask again with its version.',
  },
  task_changed: {
    status: 412,
    title: 'Somebody changed the task meanwhile',
    remedy: '`task` shows how it stands now. Look at it, and ask again with its ETag.',
  },
  wrong_task_state: {
    status: 409,
    title: 'The task is in a state that does not allow this',
    remedy: '`task` shows how it stands, `allowed` what can be done with it now.',
  },
  task_taken: {
    status: 409,
    title: 'Somebody else has the task in hand',
    remedy:
      '`task.holder` has it. They may give it back with `POST /tasks/{id}/release`, and so may an operator.',
  },
  not_your_task: {
    status: 403,
    title: 'The task is for somebody else',
    remedy: 'It is done by its assignee or by who has the role; who made it and operators may change it.',
  },
  task_of_a_step: {
    status: 409,
    title: 'The task belongs to a step of a workflow',
    remedy:
      'What it asks is written in the workflow, and its end was taken in. Try the step again: that makes a new task.',
  },
  task_id_reused: {
    status: 422,
    title: 'The id belongs to another task',
    remedy: 'Each attempt of a step has an id of its own.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer, unchanged, with the same filters.',
  },
});

/** How a call to hub-service can fail without an answer. */
export const hubReachErrors = errorCatalogue({
  hub_service_unreachable: {
    status: 503,
    title: 'hub-service cannot be reached',
    remedy: 'Nothing was changed. Try again after Retry-After; if it stays so, start hub-service.',
  },
  hub_service_no_answer: {
    status: 503,
    title: 'hub-service did not answer in time',
    remedy: 'It is settled in the background; look again after Retry-After.',
  },
});
