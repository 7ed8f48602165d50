import Type from 'typebox';

export const tags = ['workflows'];

export const WorkflowParams = Type.Object({ id: Type.String({ description: 'The id of the workflow.' }) });

/** For actions whose body may be left out: `curl -X POST url` asks the same as `{}`. */
export async function allowNoBody(request: { body: unknown }): Promise<void> {
  request.body ??= {};
}
