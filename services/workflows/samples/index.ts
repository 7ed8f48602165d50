export { findSamplesByBarcode, samplesOfWorkflows } from './find-samples.ts';
export { sampleRoutes } from './routes.ts';
