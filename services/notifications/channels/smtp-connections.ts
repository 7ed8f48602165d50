/** As many mails as are sent at once: with more of them, some would wait within the library, where nobody can call them back. */
export const smtpConnections = 4;
