/** As much of a JSON schema as has schemas within. */
interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  default?: unknown;
  type?: unknown;
  enum?: readonly unknown[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  allOf?: Schema[];
  oneOf?: Schema[];
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Operation {
  parameters?: { schema?: Schema }[];
  requestBody?: Content;
  responses?: Record<string, Content>;
}
interface Document {
  paths?: Record<string, Record<string, Operation> | undefined>;
  components?: { schemas?: Record<string, Schema> };
}

/**
 * A schema with a `title` stands once, in `components.schemas` under that name, and everywhere else by reference: readers see
 * what is the same, and clients made from the reference get a type for it. Two different schemas of one title are refused.
 */
export function nameSchemas(document: Document): void {
  const named: Record<string, Schema> = {};

  const refer = (schema: Schema): Schema => {
    const { title, ...plain } = inside(schema);
    if (title === undefined) return plain;
    const known = named[title];
    named[title] ??= plain;
    if (known && meaningOf(known) !== meaningOf(plain))
      throw new Error(`Two different schemas have the title ${title}: give one of them another.`);
    const ref = { $ref: `#/components/schemas/${title}` };
    // What is said of this place stays there.
    const { description } = plain;
    return description === undefined || description === named[title].description
      ? ref
      : { ...ref, description };
  };

  /** The routes go on with their own: what is changed is a copy. */
  const inside = (schema: Schema): Schema => {
    const copy = { ...schema };
    // Without it readers take the members of an enumeration for anything.
    if (copy.enum?.every((value) => typeof value === 'string')) copy.type ??= 'string';
    for (const key of ['properties', 'patternProperties'] as const) {
      const members = Object.entries(copy[key] ?? {}).map(([name, member]) => [name, refer(member)]);
      if (copy[key]) copy[key] = Object.fromEntries(members);
    }
    if (typeof copy.additionalProperties === 'object')
      copy.additionalProperties = refer(copy.additionalProperties);
    if (copy.items) copy.items = refer(copy.items);
    for (const key of ['anyOf', 'allOf', 'oneOf'] as const) if (copy[key]) copy[key] = copy[key].map(refer);
    return copy;
  };

  for (const operations of Object.values(document.paths ?? {}))
    for (const { parameters = [], requestBody, responses = {} } of Object.values(operations ?? {})) {
      for (const parameter of parameters) if (parameter.schema) parameter.schema = refer(parameter.schema);
      for (const { content = {} } of [requestBody ?? {}, ...Object.values(responses)])
        for (const form of Object.values(content)) if (form.schema) form.schema = refer(form.schema);
    }
  document.components = {
    ...document.components,
    schemas: Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const meaningOf = ({ description: _description, ...schema }: Schema) => JSON.stringify(schema);
