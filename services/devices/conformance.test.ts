import { devicesClient } from '@labwright/contract-devices';
import { devicesApiConformance } from '@labwright/contract-devices/conformance';
import { openLaboratory } from './testing/laboratory.ts';

async function harness(overHttp: boolean) {
  const lab = await openLaboratory();
  await lab.service.start();
  const port = overHttp ? await lab.server.listen({ host: '127.0.0.1', port: 0 }) : 0;
  return {
    api: overHttp ? devicesClient({ url: `http://127.0.0.1:${port}` }) : lab.api,
    addDevice: lab.addDevice,
    operation: { name: 'stir', parameters: { speed_rpm: 50 }, refused: { speed_rpm: -1 } },
    endless: { name: 'soak', parameters: {} },
    finish: lab.bench.finish,
    close: lab.close,
  };
}

devicesApiConformance('in the same process', () => harness(false));
devicesApiConformance('over HTTP', () => harness(true));
