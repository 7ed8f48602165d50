import { SimpleGrid, Text } from '@mantine/core';
import type { Fault } from '../../api/problem.ts';
import type { DraftStep } from './draft.ts';
import { messageAt } from './faults.ts';
import { ParameterField } from './parameter-field.tsx';
import type { Schema } from './parameters.ts';

type OperationStep = Extract<DraftStep, { kind: 'operation' }>;

/** The parameters of one operation, each with its faults. */
export function OperationStepFields({
  step,
  at,
  schema,
  faults,
  onChange,
}: {
  step: OperationStep;
  /** The path of the step in what is sent. */
  at: string;
  /** Nothing: the device cannot do it, or it is not known yet. */
  schema: Schema | undefined;
  faults: readonly Fault[];
  onChange: (step: OperationStep) => void;
}) {
  const fault = messageAt(faults, `${at}.operation`) ?? faults.find(({ path }) => path === at)?.message;
  return (
    <>
      {fault && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert" tabIndex={-1} data-faulty>
          {step.operation}: {fault}
        </Text>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        {Object.entries(schema?.properties ?? {}).map(([name, property]) => (
          <ParameterField
            key={name}
            name={name}
            schema={property}
            required={schema?.required?.includes(name) ?? false}
            text={step.values[name] ?? ''}
            fault={messageAt(faults, `${at}.parameters.${name}`)}
            onChange={(text) => onChange({ ...step, values: { ...step.values, [name]: text } })}
          />
        ))}
      </SimpleGrid>
    </>
  );
}
