import { Breadcrumbs, Card, List, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isServiceName, readsOf, type ServiceName, serviceLabel } from '../../api/each-service.ts';
import { Fact, Facts, RawText } from '../../ui/facts.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { NotFound } from '../../ui/not-found.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Duration, Time } from '../../ui/time.tsx';
import { JobActions } from './job-actions.tsx';
import type { JobDetails } from './job-row.ts';
import { JobLink, JobsLink } from './links.tsx';

const over = ['succeeded', 'failed', 'dead', 'cancelled'];

/** One job: what it is to do, how it stands, why it waits, and what went wrong. */
export default function JobPage() {
  const { service = '', id = '' } = useParams({ strict: false });
  return isServiceName(service) ? <OneJob service={service} id={id} /> : <NotFound />;
}

function OneJob({ service, id }: { service: ServiceName; id: string }) {
  const navigate = useNavigate();
  const query = useQuery({
    ...readsOf(service).read('/jobs/{id}', { params: { path: { id } } }),
    refetchInterval: ({ state: { data } }) => (data && over.includes(data.state) ? false : 2_000),
  });
  const job = query.data;
  return (
    <>
      <Breadcrumbs mb="xs">
        <JobsLink search={{}}>Jobs</JobsLink>
        <Text size="sm">{serviceLabel[service]}</Text>
      </Breadcrumbs>
      <PageHeader
        title={job ? `${job.task} ${id}` : `Job ${id}`}
        actions={
          job && (
            <JobActions
              service={service}
              job={job}
              onDropped={() => void navigate({ to: '/jobs', search: { view: 'jobs', service } })}
            />
          )
        }
      />
      {query.isPending && <LoadingRows what="the job" />}
      <Failed error={query.error} retry={query.refetch} />
      {job && <Details job={job} service={service} />}
    </>
  );
}

function Details({ job, service }: { job: JobDetails; service: ServiceName }) {
  const { state, waiting, failures, before, after, flow, error } = job;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Part title="How it stands">
          <Facts>
            <Fact name="State">
              <StatusBadge status={state} /> {job.cancel_asked && state === 'running' && 'told to stop'}
            </Fact>
            {state === 'running' && job.progress !== null && (
              <Fact name="Progress">
                <Progress
                  value={job.progress * 100}
                  aria-label={`Done: ${Math.round(job.progress * 100)} %`}
                />{' '}
                {job.progress_text}
              </Fact>
            )}
            <Fact name="Queue">
              <JobsLink search={{ service, queue: job.queue }}>{job.queue}</JobsLink>
            </Fact>
            {job.key !== null && (
              <Fact name="Key">
                <JobsLink search={{ view: 'jobs', service, key: job.key }}>{job.key}</JobsLink>
              </Fact>
            )}
            <Fact name="Attempts">
              {job.attempts} of {job.max_attempts}
            </Fact>
            <Fact name="Priority">{job.priority}</Fact>
            {job.worker !== null && <Fact name="Worker">{job.worker}</Fact>}
          </Facts>
        </Part>
        <Part title="When, and by whom">
          <Facts>
            <Fact name="Asked for">
              <Time at={job.created_at} exact />
              {job.caused_by.name && ` by ${job.caused_by.name}`}
            </Fact>
            {job.run_at && (
              <Fact name={state === 'retrying' ? 'Tried again' : 'Not before'}>
                <Time at={job.run_at} exact />
              </Fact>
            )}
            {job.started_at && (
              <Fact name="Began">
                <Time at={job.started_at} exact />
              </Fact>
            )}
            {job.finished_at && (
              <Fact name="Ended">
                <Time at={job.finished_at} exact />
                {job.started_at && (
                  <>
                    {' '}
                    after{' '}
                    <Duration seconds={(Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1_000} />
                  </>
                )}
              </Fact>
            )}
            {job.expires_at && (
              <Fact name="Of no use after">
                <Time at={job.expires_at} exact />
              </Fact>
            )}
            {job.caused_by.request_id && <Fact name="Request">{job.caused_by.request_id}</Fact>}
          </Facts>
        </Part>
      </SimpleGrid>
      {waiting.length > 0 && (
        <Part title="Why it waits">
          <List size="sm">
            {waiting.map(({ kind, text, job: other }) => (
              <List.Item key={kind}>
                {text}
                {other && (
                  <>
                    {' '}
                    <JobLink service={service} id={other}>
                      See job {other}
                    </JobLink>
                  </>
                )}
              </List.Item>
            ))}
          </List>
        </Part>
      )}
      {error && (
        <Part title="What went wrong">
          <Text fw={600}>{error.name}</Text>
          <Text size="sm">{error.message}</Text>
          {error.stack && <RawText label="Stack" value={error.stack} />}
        </Part>
      )}
      {failures.length > 0 && (
        <Part title="Attempts that did not succeed">
          <List size="sm" listStyleType="none">
            {failures.map(({ attempt, error: fault, ended_at }) => (
              <List.Item key={attempt}>
                <b>{attempt}.</b> <Time at={ended_at} />: {fault.name}: {fault.message}
              </List.Item>
            ))}
          </List>
        </Part>
      )}
      {flow && (
        <Part title={`A step of flow ${flow}`}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Steps
              title="It waited for"
              steps={before}
              service={service}
              none="nothing: it begins the flow"
            />
            <Steps
              title="It is followed by"
              steps={after}
              service={service}
              none="nothing: it ends the flow"
            />
          </SimpleGrid>
        </Part>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Part title="Arguments">
          <Shown shown={job.args} label="Arguments" />
        </Part>
        {state === 'succeeded' && (
          <Part title="Result">
            <Shown shown={job.result} label="Result" />
          </Part>
        )}
      </SimpleGrid>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder bg="var(--lab-surface)">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Card>
  );
}

function Steps({
  title,
  steps,
  service,
  none,
}: {
  title: string;
  steps: JobDetails['before'];
  service: ServiceName;
  none: string;
}) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      {steps.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <List size="sm">
          {steps.map(({ node, task, job, state }) => (
            <List.Item key={node}>
              {job === null ? (
                task
              ) : (
                <JobLink service={service} id={job}>
                  {task} {job}
                </JobLink>
              )}{' '}
              <StatusBadge status={state} />
            </List.Item>
          ))}
        </List>
      )}
    </div>
  );
}

function Shown({ shown, label }: { shown: JobDetails['args']; label: string }) {
  if (shown.too_large)
    return <Text size="sm">{shown.bytes.toLocaleString()} bytes: too many to show here.</Text>;
  return <RawText label={label} value={shown.value} />;
}
