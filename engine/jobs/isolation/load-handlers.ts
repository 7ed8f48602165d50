import type { Handler } from '../worker/handler.ts';

/** A module cannot give the handlers that it should; the message says which and what to do. */
export class HandlersNotLoaded extends Error {
  override readonly name = 'HandlersNotLoaded';
}

/**
 * The handlers of modules, each of which exports `handlers: Handler[]`. Throws `HandlersNotLoaded` where a module cannot be
 * loaded, exports none, or carries out a task that another one does too.
 */
export async function loadHandlers(modules: readonly string[]): Promise<Handler[]> {
  const byTask = new Map<string, { handler: Handler; module: string }>();
  for (const module of modules) {
    const exported: { handlers?: unknown } = await import(module).catch((error) => {
      throw new HandlersNotLoaded(
        `${module} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    });
    const { handlers } = exported;
    if (!Array.isArray(handlers) || handlers.length === 0 || !handlers.every(isHandler))
      throw new HandlersNotLoaded(
        `${module} has no handlers: it must export "handlers", a list of what handle(task, run) answers.`,
      );
    for (const handler of handlers) {
      const twin = byTask.get(handler.task.name);
      if (twin) throw new HandlersNotLoaded(`${module} and ${twin.module} both handle ${handler.task.name}.`);
      byTask.set(handler.task.name, { handler, module });
    }
  }
  return [...byTask.values()].map(({ handler }) => handler);
}

function isHandler(value: unknown): value is Handler {
  const { task, run } = (value ?? {}) as { task?: { name?: unknown; args?: unknown }; run?: unknown };
  return typeof run === 'function' && typeof task?.name === 'string' && typeof task.args === 'object';
}
