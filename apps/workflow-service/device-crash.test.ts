import { killAtEveryPoint } from './testing/crashes.ts';

killAtEveryPoint('device-service');
