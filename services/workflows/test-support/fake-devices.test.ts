import { devicesApiConformance } from '@labwright/contract-devices/conformance';
import { checkingDevices } from './checking-devices.ts';
import { createFakeDevices } from './fake-devices.ts';

/* The instruments of these tests keep the promises of the real ones. */
devicesApiConformance('in memory', async () => {
  const devices = createFakeDevices();
  devices.onExecute = (execution) => (execution.operation === 'incubate' ? 'hang' : 'succeeded');
  let count = 0;
  return {
    api: checkingDevices(devices.api),
    addDevice: async () => {
      count += 1;
      devices.addDevice(`device-${count}`);
      return `device-${count}`;
    },
    operation: { name: 'aspirate', parameters: { volume_ul: 50 }, refused: { volume_ul: -1 } },
    endless: { name: 'incubate', parameters: {} },
    finish: () => {
      for (const id of devices.executions.keys()) devices.finish(id, 'succeeded');
    },
    close: async () => {},
  };
});
