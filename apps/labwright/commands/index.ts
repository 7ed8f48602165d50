import type { CommandTable } from '../command-line/command.ts';
import { auditHeadCommand, auditVerifyCommand } from './audit.ts';
import { backupCommand, restoreCommand, verifyBackupCommand } from './backup.ts';
import { bookCommand, releaseCommand } from './bookings.ts';
import { chatCommands } from './chat.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { deadCommands } from './dead.ts';
import { demoCommand } from './demo.ts';
import { deviceCommands } from './devices.ts';
import { dispatchCommand, loadTestCommand } from './dispatch.ts';
import { doctorCommand } from './doctor.ts';
import { fileCommands } from './files.ts';
import { jobCommands } from './jobs.ts';
import { lockListCommand } from './lock-list.ts';
import { lockRunCommand } from './lock-run.ts';
import { logsCommand } from './logs.ts';
import { peopleCommands } from './people.ts';
import { plateCommands } from './plates.ts';
import { queueCommands } from './queue.ts';
import { referenceCommand } from './reference.ts';
import { sampleCommands } from './samples.ts';
import { samplesImportCommand } from './samples-import.ts';
import { signInCommands } from './sign-in.ts';
import { statusCommand } from './status.ts';
import { taskCommands } from './tasks.ts';
import { tokenCommands } from './tokens.ts';
import { upCommand } from './up.ts';
import { watchCommand } from './watch.ts';
import { scaleCommand, workerCommand } from './worker.ts';
import { workflowCommands } from './workflow.ts';

/** Every command of `labwright`, in the order of its help. What is heavy is loaded by `run` alone. */
export const commandTable: CommandTable = {
  groups: [
    { name: 'workflow', summary: 'describe, start, step, follow and end workflows' },
    { name: 'lock', summary: 'mutual exclusion, for programs of any kind' },
    { name: 'audit', summary: 'the audit trail of each service: is it whole?' },
  ],
  commands: [
    upCommand,
    demoCommand,
    statusCommand,
    ...deviceCommands,
    bookCommand,
    releaseCommand,
    ...queueCommands,
    ...workflowCommands,
    ...taskCommands,
    ...chatCommands,
    ...fileCommands,
    ...signInCommands,
    ...peopleCommands,
    ...tokenCommands,
    logsCommand,
    ...sampleCommands,
    samplesImportCommand,
    ...plateCommands,
    watchCommand,
    ...jobCommands,
    ...deadCommands,
    lockRunCommand,
    lockListCommand,
    workerCommand,
    scaleCommand,
    dispatchCommand,
    loadTestCommand,
    auditVerifyCommand,
    auditHeadCommand,
    backupCommand,
    verifyBackupCommand,
    restoreCommand,
    doctorCommand,
    completionCommand,
    completeCommand(() => commandTable),
    referenceCommand(() => commandTable),
  ],
};
