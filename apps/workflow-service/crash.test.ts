import { killAtEveryPoint } from './testing/crashes.ts';

killAtEveryPoint('workflow-service');
