import type { Device } from '@labwright/contract-devices';
import type { ApiToken, User } from '@labwright/contract-hub/accounts';
import type { StoredFile } from '@labwright/contract-hub/files';
import type { Task } from '@labwright/contract-hub/tasks';
import type { Plate, Sample, Workflow } from '@labwright/contract-workflows';
import type { LabKind } from '../command-line/command.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { type Lab, openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import type { Service } from '../lab/service.ts';
import type { Offer, Source } from './complete.ts';

/** Somebody waits with a finger on the key. */
const patienceMs = 2_000;
/** Where more are to be had than anybody reads, the newest. */
const most = 50;

interface Asked {
  lab: Lab;
  typed: readonly string[];
  /** The word that is being typed. */
  now: string;
  signal: AbortSignal;
}

/** Ids of the laboratory that the options typed so far, or the environment, name. Where it does not answer, none. */
export const askLab =
  (env: Terminal['env']): Source =>
  async (kind, typed, now) => {
    try {
      const lab = openLab(
        {
          url: valueOfOption('--url', typed),
          'device-url': valueOfOption('--device-url', typed),
          'workflow-url': valueOfOption('--workflow-url', typed),
          token: valueOfOption('--token', typed),
        },
        env,
      );
      return await sources[kind]({ lab, typed, now, signal: AbortSignal.timeout(patienceMs) });
    } catch {
      return [];
    }
  };

const list = <T>(
  { signal }: Asked,
  service: Service,
  path: string,
  {
    key = path.slice(1),
    atMost = most,
    query = {},
  }: { key?: string; atMost?: number; query?: Record<string, string> } = {},
): Promise<T[]> => gather(pages<T>(service, path, key, { atMost, query, signal }));

const devices = async (asked: Asked): Promise<Offer[]> =>
  (await list<Device>(asked, asked.lab.devices, '/devices', { atMost: 500 })).map(({ id, name, status }) => ({
    word: id,
    says: `${status}, ${name}`,
  }));

const workflows = async (asked: Asked): Promise<Offer[]> =>
  (await list<Workflow>(asked, asked.lab.workflows, '/workflows')).map(({ id, name, status }) => ({
    word: id,
    says: `${status}, ${name}`,
  }));

const tasks = async (asked: Asked): Promise<Offer[]> =>
  (await list<Task>(asked, asked.lab.hub, '/tasks')).map(({ id, title, status }) => ({
    word: id,
    says: `${status.replace('_', ' ')}, ${title}`,
  }));

async function fields({ lab, typed, signal }: Asked): Promise<Offer[]> {
  const id = typed.find((word) => uuid.test(word));
  if (id === undefined) return [];
  const task = await lab.hub.get<Task>(`/tasks/${id}`, { signal });
  return task.fields.map(({ name, label }) => ({ word: `${name}=`, says: label }));
}

/** First the kinds; a room of a device or a run once its kind is typed. */
async function rooms(asked: Asked): Promise<Offer[]> {
  const kind = /^(device|run):/.exec(asked.now)?.[1];
  if (kind !== undefined)
    return (await (kind === 'device' ? devices : workflows)(asked)).map(({ word, says }) => ({
      word: `${kind}:${word}`,
      says,
    }));
  return [
    { word: 'lab', says: 'the whole laboratory' },
    { word: 'device:', says: 'that of a device' },
    { word: 'run:', says: 'that of a workflow' },
  ];
}

const files = async (asked: Asked): Promise<Offer[]> =>
  (await list<StoredFile>(asked, asked.lab.hub, '/files')).map(({ id, name, status }) => ({
    word: id,
    says: `${status}, ${name}`,
  }));

const people = async (asked: Asked): Promise<Offer[]> =>
  (await list<User>(asked, asked.lab.hub, '/users', { atMost: 500 })).map(({ email, name, role, state }) => ({
    word: email,
    says: `${name}, ${role}, ${state}`,
  }));

const tokens = async (asked: Asked): Promise<Offer[]> =>
  (await list<ApiToken>(asked, asked.lab.hub, '/api-tokens', { key: 'api_tokens' }))
    .filter(({ revoked_at }) => revoked_at === null)
    .map(({ id, name, role, hint }) => ({ word: id, says: `${name}, ${role}, ${hint}…` }));

const plates = async (asked: Asked): Promise<Offer[]> =>
  (await list<Plate>(asked, asked.lab.workflows, '/plates', { atMost: 500 })).map(({ id, name }) => ({
    word: id,
    says: name,
  }));

/** There may be a million: those that begin as it is typed. */
async function samples(asked: Asked): Promise<Offer[]> {
  const query: Record<string, string> = asked.now === '' ? {} : { barcode_prefix: asked.now };
  const found = await list<Sample>(asked, asked.lab.workflows, '/samples', { query });
  return found.map(({ barcode, sample_type, plate_id, well }) => ({
    word: barcode,
    says: plate_id === null ? sample_type : `${sample_type}, ${plate_id} ${well}`,
  }));
}

const sources: Readonly<Record<LabKind, (asked: Asked) => Promise<Offer[]>>> = {
  device: devices,
  workflow: workflows,
  task: tasks,
  field: fields,
  room: rooms,
  'stored-file': files,
  person: people,
  'api-token': tokens,
  plate: plates,
  sample: samples,
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function valueOfOption(option: string, typed: readonly string[]): string | undefined {
  const at = typed.findLastIndex((word) => word === option || word.startsWith(`${option}=`));
  const word = typed[at];
  return word === option ? typed[at + 1] : word?.slice(option.length + 1);
}
