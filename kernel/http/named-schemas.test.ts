import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { nameSchemas } from './named-schemas.ts';

const Colour = Type.Enum(['red', 'green'], { title: 'Colour' });
const Tube = Type.Object({ title: Type.String(), colour: Colour }, { title: 'Tube', description: 'A tube.' });

const answering = (schema: object) => ({
  get: { responses: { 200: { content: { 'application/json': { schema } } } } },
});

test('a schema with a title stands once, and is referred to everywhere else', () => {
  const rack = Type.Object({ tubes: Type.Array(Tube), spare: { ...Tube, description: 'The last one.' } });
  const document = {
    paths: {
      '/tube': answering(Type.Union([Tube, Type.Null()])),
      '/rack': answering(rack),
      '/tubes': { get: { parameters: [{ name: 'colour', schema: Colour }] } },
    },
    components: {},
  };
  nameSchemas(document);
  assert.deepEqual(JSON.parse(JSON.stringify(document)), {
    paths: {
      '/tube': answering({ anyOf: [{ $ref: '#/components/schemas/Tube' }, { type: 'null' }] }),
      '/rack': answering({
        type: 'object',
        required: ['tubes', 'spare'],
        properties: {
          tubes: { type: 'array', items: { $ref: '#/components/schemas/Tube' } },
          spare: { $ref: '#/components/schemas/Tube', description: 'The last one.' },
        },
      }),
      '/tubes': {
        get: { parameters: [{ name: 'colour', schema: { $ref: '#/components/schemas/Colour' } }] },
      },
    },
    components: {
      schemas: {
        Colour: { enum: ['red', 'green'], type: 'string' },
        Tube: {
          type: 'object',
          required: ['title', 'colour'],
          properties: { title: { type: 'string' }, colour: { $ref: '#/components/schemas/Colour' } },
          description: 'A tube.',
        },
      },
    },
  });
  assert.equal(rack.properties.tubes.items, Tube, 'the schema of the route was changed');
});

test('two schemas of one title are refused', () => {
  const other = Type.Object({ length: Type.Number() }, { title: 'Tube' });
  assert.throws(
    () => nameSchemas({ paths: { '/tube': answering(Tube), '/other': answering(other) } }),
    /Two different schemas have the title Tube/,
  );
});
