import Type from 'typebox';

export const tags = ['tasks'];

export const TaskParams = Type.Object({ id: Type.String({ description: 'The id of the task.' }) });

export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({ maxLength: 1_000, description: 'The ETag that you have seen; 412 where it has changed.' }),
  ),
});
