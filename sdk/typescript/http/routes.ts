import type { paths as DevicePaths } from '../generated/device-service.ts';
import type { paths as HubPaths } from '../generated/hub-service.ts';
import type { paths as WorkflowPaths } from '../generated/workflow-service.ts';

/** The routes of each service, as its reference has them. */
export interface Services {
  'device-service': DevicePaths;
  'workflow-service': WorkflowPaths;
  'hub-service': HubPaths;
}
export type ServiceName = keyof Services;
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The paths that know a method. */
export type PathWith<S extends ServiceName, M extends Method> = {
  [P in keyof Services[S]]: Services[S][P] extends Record<Lowercase<M>, { responses: unknown }> ? P : never;
}[keyof Services[S]] &
  string;

export type Operation<S extends ServiceName, M extends Method, P extends PathWith<S, M>> = (Services[S][P] &
  Record<Lowercase<M>, unknown>)[Lowercase<M>];

type ParametersOf<O> = O extends { parameters: infer P } ? P : never;
type PathPart<O> = ParametersOf<O> extends { path: infer P } ? { path: P } : unknown;
type QueryPart<O> =
  ParametersOf<O> extends { query: infer Q }
    ? { query: Q }
    : ParametersOf<O> extends { query?: infer Q }
      ? [Exclude<Q, undefined>] extends [never]
        ? unknown
        : { query?: Q }
      : unknown;
type BodyPart<O> = O extends { requestBody: { content: { 'application/json': infer B } } }
  ? { body: B }
  : O extends { requestBody?: infer R }
    ? [Exclude<R, undefined>] extends [never]
      ? unknown
      : Exclude<R, undefined> extends { content: { 'application/json': infer B } }
        ? { body?: B }
        : unknown
    : unknown;

/** What a route is given. */
export type Input<O> = PathPart<O> & QueryPart<O> & BodyPart<O>;

type Responses<O> = O extends { responses: infer R } ? R : never;
type JsonOf<R> = R extends { content: { 'application/json': infer A } } ? A : never;
type Successes<R> = {
  [S in keyof R & (200 | 201 | 202)]: JsonOf<R[S]>;
}[keyof R & (200 | 201 | 202)];

/** What it answers; undefined where that is nothing. */
export type Answer<O> = [Successes<Responses<O>>] extends [never] ? undefined : Successes<Responses<O>>;

/** Of a route whose path, query and body may all be left out nothing has to be given. */
export type InputArgument<O, More> =
  object extends Input<O> ? [input?: Input<O> & More] : [input: Input<O> & More];

/** What a list may be asked for. */
export type QueryOf<S extends ServiceName, P extends PathWith<S, 'GET'>> =
  ParametersOf<Operation<S, 'GET', P>> extends { query?: infer Q } ? Exclude<Q, undefined> : never;

/** What a route takes in its body. */
export type BodyOf<S extends ServiceName, M extends Method, P extends PathWith<S, M>> =
  Input<Operation<S, M, P>> extends { body?: infer B } ? Exclude<B, undefined> : never;
