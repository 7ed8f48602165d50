import { Barcode, PlateId, SampleType } from '@labwright/contract-workflows';
import type { TSchema } from 'typebox';

/** What the contract says a text must look like, for texts that come by another way than a JSON body. */
function patternOf(schema: TSchema): RegExp {
  const { pattern } = schema as { pattern?: unknown };
  if (typeof pattern !== 'string') throw new Error('This schema has no pattern');
  return new RegExp(pattern);
}

export const barcodeShape = patternOf(Barcode);
export const sampleTypeShape = patternOf(SampleType);
export const plateIdShape = patternOf(PlateId);
