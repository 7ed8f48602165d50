import { PasswordInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { isProblem } from '../../api/problem.ts';
import { fromHub } from '../../api/services.ts';
import { sentence } from '../../ui/sentence.ts';
import { meanings } from './words.ts';

export interface Signing {
  readonly meaning: string;
  readonly password: string;
  readonly code: string;
}
export const unsigned: Signing = { meaning: meanings[0], password: '', code: '' };

/** What makes a signature: its meaning, the password again, and a code where the account has a second factor. */
export function SignatureFields({
  signing,
  onChange,
  tried,
  error,
}: {
  signing: Signing;
  onChange: (signing: Signing) => void;
  /** What is missing is said once somebody wanted to go on. */
  tried: boolean;
  error: unknown;
}) {
  const me = useQuery(fromHub.read('/me'));
  const list = useId();
  const { meaning, password, code } = signing;
  const missing = (value: string, text: string) => (tried && value.trim() === '' ? text : undefined);
  // Somebody may have set the second factor a moment ago, elsewhere.
  const asksCode = me.data?.second_factor || isProblem(error, 'code_required', 'wrong_code');
  return (
    <>
      <TextInput
        label="What your signature means"
        description="Stands in the audit trail beside your name and the time."
        required
        maxLength={200}
        list={list}
        value={meaning}
        error={missing(meaning, 'Say what you sign for.')}
        onChange={(event) => onChange({ ...signing, meaning: event.currentTarget.value })}
      />
      <datalist id={list}>
        {meanings.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <PasswordInput
        data-autofocus
        label="Your password, again"
        autoComplete="current-password"
        required
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        value={password}
        error={
          isProblem(error, 'invalid_credentials')
            ? 'This is not your password. Nothing was done.'
            : missing(password, 'Being signed in is not enough: type your password.')
        }
        onChange={(event) => onChange({ ...signing, password: event.currentTarget.value })}
      />
      {asksCode && (
        <TextInput
          label="Code"
          description="The six digits of your authenticator, or a recovery code."
          autoComplete="one-time-code"
          required
          value={code}
          error={
            isProblem(error, 'wrong_code')
              ? `${sentence(error.message)} Nothing was done.`
              : isProblem(error, 'code_required')
                ? 'Your account has a second factor: type a code of it.'
                : missing(code, 'Type the code that your authenticator shows.')
          }
          onChange={(event) => onChange({ ...signing, code: event.currentTarget.value })}
        />
      )}
    </>
  );
}
