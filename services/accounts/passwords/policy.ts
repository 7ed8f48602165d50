import { accountErrors } from '@labwright/contract-hub/accounts';

/** Length is checked by the schema. Throws `weak_password` for what anybody would try first. */
export function checkPolicy(password: string, person: { name: string; email: string }): void {
  const plain = password.normalize('NFKC').trim().toLowerCase();
  const [local = ''] = person.email.split('@', 1);
  const obvious = [person.email, person.name.toLowerCase(), local, local.repeat(2), 'labwright'.repeat(2)];
  const fault = obvious.includes(plain)
    ? 'is your name or your address'
    : new Set(plain).size < 5
      ? 'repeats a few characters'
      : undefined;
  if (fault)
    throw accountErrors.problem(
      'weak_password',
      `The password ${fault}, which is tried first. Take a sentence.`,
      {
        faults: [{ path: 'body.password', message: fault }],
      },
    );
}
