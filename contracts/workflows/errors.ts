import { errorCatalogue } from '@labwright/kernel/errors';

/** Every error of workflow-service beside the common ones and those it passes on from device-service. */
export const workflowErrors = errorCatalogue({
  workflow_not_found: {
    status: 404,
    title: 'There is no such workflow',
    remedy: '`GET /workflows` lists them.',
  },
  invalid_workflow: {
    status: 400,
    title: 'The workflow cannot be carried out as described',
    remedy:
      'Mend each place that `faults` names: unknown samples, an unknown device, steps that it cannot do, parameters out of range.',
  },
  wrong_state: {
    status: 409,
    title: 'The workflow is in a state that does not allow this',
    remedy: '`workflow_status` says how it stands, `allowed` what can be done with it now.',
  },
  action_in_progress: {
    status: 409,
    title: 'Another action on this workflow is under way',
    remedy: 'Wait for the time that Retry-After names and look at the workflow again.',
  },
  step_in_progress: {
    status: 409,
    title: 'A step is being carried out',
    remedy:
      'Wait until it has ended: the device must not be taken away while it moves. `POST /devices/{id}/abort` of device-service stops it.',
  },
  no_step_left: {
    status: 409,
    title: 'Every step has been carried out',
    remedy: 'Complete the workflow with `POST /workflows/{id}/complete`.',
  },
  outcome_unknown: {
    status: 409,
    title: 'Nobody knows what became of the last step',
    remedy: 'Look at the instrument, then tell with `POST /workflows/{id}/resolve-step`.',
  },
  no_unknown_step: {
    status: 409,
    title: 'No step of this workflow waits for a decision',
    remedy: 'Only a step with status `unknown` is resolved by hand.',
  },
  booking_lost: {
    status: 409,
    title: 'The workflow does not hold its device any more',
    remedy: 'It is paused. See to the samples, then `POST /workflows/{id}/resume` books the device again.',
  },
  sample_not_found: { status: 404, title: 'There is no such sample', remedy: '`GET /samples` lists them.' },
  sample_exists: { status: 409, title: 'A sample has this barcode already', remedy: 'Barcodes are unique.' },
  plate_not_found: { status: 404, title: 'There is no such plate', remedy: '`GET /plates` lists them.' },
  plate_exists: { status: 409, title: 'A plate has this id already', remedy: 'Choose another id.' },
  well_taken: { status: 409, title: 'Another sample stands in this well', remedy: 'Choose a free well.' },
  invalid_sample: {
    status: 400,
    title: 'The sample cannot stand there',
    remedy: 'Name a plate that exists and a well that it has, both or neither.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer, unchanged, with the same filters.',
  },
  import_rejected: {
    status: 422,
    title: 'The file has bad rows; nothing was imported',
    remedy: 'Mend the rows that `faults` names, or ask for the good ones with `?partial=true`.',
  },
  upload_stalled: {
    status: 408,
    title: 'The upload stalled',
    remedy: 'Nothing was imported. Send the whole file again, over a connection that holds.',
  },
  import_unreadable: {
    status: 400,
    title: 'The file is not readable as CSV',
    remedy: 'UTF-8, comma separated, first line `barcode,sample_type,plate_id,well,volume_ul`.',
  },
});
