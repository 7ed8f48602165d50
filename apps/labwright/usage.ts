/** The command line was not understood; the message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Labwright runs a laboratory of instruments.

  npm start                               the whole laboratory in one process (labwright up)
  npm run labwright -- demo               fill an empty laboratory with demo data
  npm run labwright -- demo --logs 500000 … and with at least so many execution logs
  npm run labwright -- lock run --key K [--wait 60s] [--ttl 15s] [--url URL] -- COMMAND …
                                          a program of any kind under a lock; its exit code is passed on (75: it was
                                          not our turn in time; 76: the lease was lost, and the command was killed)
  npm run device-service                  device-service alone
  npm run workflow-service                workflow-service alone
  npm run labwright -- help               this text

Settings come from the environment: see "Settings" in README.md.
Exit codes: 0 as asked, 1 failed, 2 wrong arguments or settings.
`;
