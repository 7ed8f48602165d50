import type { Driver, DriverModel } from '@labwright/driver-kit';
import type { Clock } from '@labwright/kernel/clock';
import type { Log } from '@labwright/kernel/log';

/** What a driver is opened for. */
export interface DriverTarget {
  id: string;
  type: string;
  settings: Record<string, unknown>;
  /** Rises whenever settings are given, the same ones too: a driver is as new as they are. */
  settings_revision: number;
}

export interface DriversOptions {
  models: ReadonlyMap<string, DriverModel>;
  openDriver(model: DriverModel, device: { id: string; settings: Record<string, unknown> }): Promise<Driver>;
  clock: Clock;
  log: Log;
}

/** The open drivers: one a device, opened when it is first needed and kept. */
export interface Drivers {
  /** The driver of this device with these settings. Rejects where it cannot be opened; the next call tries again. */
  get(target: DriverTarget): Promise<Driver>;
  /** Closes the driver of a device, if one is open; the instrument goes on. */
  discard(deviceId: string): void;
  /** Ids of the devices whose drivers are open. */
  open(): string[];
  /** True where the open driver was opened for something else than this. */
  isOutdated(deviceId: string, target: DriverTarget | undefined): boolean;
  /** Closes them all and waits for that, a bounded time. */
  close(): Promise<void>;
}

/** Milliseconds that opening or closing a driver may take. */
const patience = 30_000;

interface Opened {
  /** Of what it was opened for. */
  fingerprint: string;
  driver: Promise<Driver>;
}

export function createDrivers({ models, openDriver, clock, log }: DriversOptions): Drivers {
  const drivers = new Map<string, Opened>();
  /** By device: two lines to one instrument at once may be one too many for it. */
  const closing = new Map<string, Promise<void>>();
  let closed = false;

  const within = async <T>(work: Promise<T>, what: string): Promise<T> => {
    const stop = new AbortController();
    const late = clock.sleep(patience, stop.signal).then(() => {
      throw new Error(`${what} took longer than ${patience / 1000} s`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      late.catch(() => {});
      stop.abort();
    }
  };

  const openOne = async (target: DriverTarget): Promise<Driver> => {
    await closing.get(target.id);
    const model = models.get(target.type);
    if (!model) throw new Error(`there is no driver for devices of type ${target.type}`);
    const opening = openDriver(model, { id: target.id, settings: target.settings });
    try {
      return await within(opening, `opening the driver of ${target.id}`);
    } catch (error) {
      opening.then((driver) => driver.close()).catch(() => {});
      throw error;
    }
  };

  const discard = (deviceId: string) => {
    const opened = drivers.get(deviceId);
    if (!opened) return;
    drivers.delete(deviceId);
    const before = closing.get(deviceId);
    const work = (async () => {
      await before;
      const driver = await opened.driver.catch(() => undefined);
      if (driver) await within(driver.close(), `closing the driver of ${deviceId}`);
    })().catch((error) => log.warn({ err: error, device_id: deviceId }, 'a driver could not be closed'));
    const tracked = work.then(() => {
      if (closing.get(deviceId) === tracked) closing.delete(deviceId);
    });
    closing.set(deviceId, tracked);
  };

  return {
    get: (target) => {
      if (closed) return Promise.reject(new Error('the drivers are closed'));
      const wanted = fingerprintOf(target);
      const opened = drivers.get(target.id);
      if (opened?.fingerprint === wanted) return opened.driver;
      discard(target.id);
      const made: Opened = { fingerprint: wanted, driver: openOne(target) };
      drivers.set(target.id, made);
      made.driver.catch(() => {
        if (drivers.get(target.id) === made) drivers.delete(target.id);
      });
      return made.driver;
    },
    discard,
    open: () => [...drivers.keys()],
    isOutdated: (deviceId, target) =>
      target === undefined || drivers.get(deviceId)?.fingerprint !== fingerprintOf(target),
    close: async () => {
      closed = true;
      for (const deviceId of [...drivers.keys()]) discard(deviceId);
      await Promise.all(closing.values());
    },
  };
}

/** Settings come from the database, which has one order for the keys of an object. */
const fingerprintOf = ({ id, type, settings, settings_revision }: DriverTarget) =>
  JSON.stringify([id, type, settings_revision, settings]);
