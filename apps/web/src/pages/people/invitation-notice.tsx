import { Code, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { fromHub } from '../../api/services.ts';
import { CopiedText } from '../../ui/copied-text.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Time } from '../../ui/time.tsx';
import { fullTime } from '../../ui/times.ts';

/** What an administrator hands on; it stands behind the #, so no server and no log sees it. */
export function InvitationNotice({
  invitation: { token, expires_at },
  name,
}: {
  invitation: { token: string; expires_at: string };
  name: string;
}) {
  // Where people reach the laboratory, which need not be where the administrator sits.
  const { data: address, error, refetch } = useQuery(fromHub.read('/labels/address'));
  return (
    <Notice title={`The invitation of ${name}`}>
      {address ? (
        <CopiedText text={`${address.url.replace(/\/+$/, '')}/ui/#invitation=${token}`} what="the link" />
      ) : error ? (
        <Failed error={error} retry={refetch} />
      ) : (
        <LoadingRows what="the address" rows={1} />
      )}
      <Text size="sm" mt="xs">
        It is shown only once. Whoever has it sets the password, so give it only to its owner. It ends{' '}
        <Time at={expires_at} />, on {fullTime(expires_at)}.
      </Text>
      {address?.loopback && (
        <Text size="sm" mt="xs" role="alert" fw={600}>
          Only this computer can open this link. For people at other computers, start the laboratory with{' '}
          <Code>HUB_PUBLIC_URL</Code> set to its https address, and make a new invitation then.
        </Text>
      )}
    </Notice>
  );
}
