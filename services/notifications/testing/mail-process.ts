/** A mail server in a process of its own, which a test may stop and let go on. `PORT`; writes one line of JSON for each mail that it took. */
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  logger: false,
  onData: (stream, _session, done) => {
    simpleParser(stream, { skipTextToHtml: true }).then(({ messageId, subject, text }) => {
      process.stdout.write(`${JSON.stringify({ id: messageId, subject, text })}\n`);
      done();
    }, done);
  },
});
// A client that has gone meanwhile.
server.on('error', () => {});
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('listens\n'));
