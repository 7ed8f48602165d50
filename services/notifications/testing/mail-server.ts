import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface MailServer {
  readonly url: string;
  readonly mail: ParsedMail[];
  /** What becomes of the next commands. `drop`: the connection ends when the whole text is there, without an answer. */
  behave: 'accept' | 'for now' | 'for good' | 'bad address' | 'hang' | 'drop';
  close(): Promise<void>;
}

/** A real SMTP server in this process. */
export async function startMailServer(): Promise<MailServer> {
  const mail: ParsedMail[] = [];
  const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 100,
    onRcptTo: (_address, _session, done) => {
      if (state.behave === 'bad address') done(refusal(550, 'no such mailbox'));
      else done();
    },
    onData: (stream, session, done) => {
      simpleParser(stream, { skipTextToHtml: true }).then((parsed) => {
        switch (state.behave) {
          case 'for now':
            return done(refusal(451, 'try again later'));
          case 'for good':
            return done(refusal(554, 'not wanted'));
          case 'hang':
            return;
          case 'drop':
            mail.push(parsed);
            for (const connection of server.connections)
              if (connection.id === session.id)
                (connection as unknown as { _socket: { destroy(): void } })._socket.destroy();
            return;
          default:
            mail.push(parsed);
            return done();
        }
      }, done);
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const state: MailServer = {
    url: `smtp://127.0.0.1:${port}`,
    mail,
    behave: 'accept',
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return state;
}
