import Type from 'typebox';

export const tags = ['workflows'];

export const WorkflowParams = Type.Object({ id: Type.String({ description: 'The id of the workflow.' }) });
