// What the examples share: a connection, runs whose calls have the types of the wire, and a deadline on every call.

import { Client, Connection, type WorkflowHandle } from "@temporalio/client";

import type { Workflows } from "./ttai-wire.js";

export const USER = "example-typescript"; // whose alerts, watches and reports these are; "default" is the command line's user
const CALL_MS = 20_000;
const RESULT_MS = 120_000;

type Argument<Handler> = Handler extends { argument: infer Sent } ? [argument: Sent] : [];
type Answer<Handler> = Handler extends { answer: infer Answered } ? Answered : never;

/** A workflow that was started: what it takes and answers follows from its type. */
export class Run<W extends keyof Workflows> {
  constructor(
    private readonly client: Client,
    private readonly handle: WorkflowHandle,
  ) {}

  signal<S extends keyof Workflows[W]["signals"] & string>(name: S, ...sent: Argument<Workflows[W]["signals"][S]>): Promise<void> {
    return this.within(CALL_MS, () => this.handle.signal(name, ...sent));
  }

  query<Q extends keyof Workflows[W]["queries"] & string>(name: Q): Promise<Answer<Workflows[W]["queries"][Q]>> {
    return this.within(CALL_MS, () => this.handle.query(name));
  }

  update<U extends keyof Workflows[W]["updates"] & string>(
    name: U,
    ...sent: Argument<Workflows[W]["updates"][U]>
  ): Promise<Answer<Workflows[W]["updates"][U]>> {
    return this.within(CALL_MS, () => this.handle.executeUpdate(name, { args: sent as [unknown] }));
  }

  result(): Promise<Workflows[W]["answer"]> {
    return this.within(RESULT_MS, () => this.handle.result());
  }

  private within<T>(ms: number, call: () => Promise<T>): Promise<T> {
    return this.client.withDeadline(Date.now() + ms, call);
  }
}

interface Start<W extends keyof Workflows> {
  id: string;
  queue: Workflows[W]["queue"];
  params: Workflows[W]["params"];
}

/** Starts a workflow that comes to an end. The same id again is the same run: what was done is not done twice. */
export async function runOnce<W extends keyof Workflows>(client: Client, workflow: W, start: Start<W>): Promise<Run<W>> {
  const handle = await client.withDeadline(Date.now() + CALL_MS, () =>
    client.workflow.start(workflow, {
      args: [start.params],
      workflowId: start.id,
      taskQueue: start.queue,
      workflowExecutionTimeout: "24h",
      workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY",
      workflowIdConflictPolicy: "USE_EXISTING",
    }),
  );
  return new Run(client, handle);
}

/** Starts a workflow that lives until `shutdown`, or finds it running. Without a run id: it continues as new by itself. */
export async function keepRunning<W extends keyof Workflows>(client: Client, workflow: W, start: Start<W>): Promise<Run<W>> {
  await client.withDeadline(Date.now() + CALL_MS, () =>
    client.workflow.start(workflow, {
      args: [start.params],
      workflowId: start.id,
      taskQueue: start.queue,
      workflowIdConflictPolicy: "USE_EXISTING",
    }),
  );
  return new Run(client, client.workflow.getHandle(start.id));
}

/** The same, signalled with its start, so that the signal finds it. */
export async function signalled<W extends keyof Workflows, S extends keyof Workflows[W]["signals"] & string>(
  client: Client,
  workflow: W,
  start: Start<W>,
  signal: S,
  ...sent: Argument<Workflows[W]["signals"][S]>
): Promise<Run<W>> {
  await client.withDeadline(Date.now() + CALL_MS, () =>
    client.workflow.signalWithStart(workflow, {
      args: [start.params],
      workflowId: start.id,
      taskQueue: start.queue,
      signal,
      signalArgs: sent as [unknown],
    }),
  );
  return new Run(client, client.workflow.getHandle(start.id));
}

/** Names a request. Keep it and send it again after a crash; here each run of an example is a new request. */
export const key = (): string => `example-${Date.now()}`;

export const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString();

export async function run(main: (client: Client) => Promise<void>): Promise<void> {
  const address = process.env.TEMPORAL_ADDRESS ?? "localhost:7233";
  const connection = await Connection.connect({ address, connectTimeout: CALL_MS });
  try {
    await main(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
