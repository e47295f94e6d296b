// Adds what an example of examples/typescript uses of the wire to the file USED: `node --import ./recorded.mjs EXAMPLE.js`.
// One line for each start, signal, query and update that was answered: `PriceAlertWorkflow signal add_alert`. The example knows
// nothing of it.

import { appendFileSync } from "node:fs";

import { Connection } from "@temporalio/client";

const types = new Map(); // of workflows that were started here, by id

function used(id, kind, name = "") {
  appendFileSync(process.env.USED, `${types.get(id) ?? "?"} ${kind} ${name}`.trimEnd() + "\n");
}

function started(request) {
  types.set(request.workflowId, request.workflowType.name);
  used(request.workflowId, "start");
}

const calls = {
  startWorkflowExecution: started,
  signalWithStartWorkflowExecution(request) {
    started(request);
    used(request.workflowId, "signal", request.signalName);
  },
  signalWorkflowExecution: (request) => used(request.workflowExecution.workflowId, "signal", request.signalName),
  queryWorkflow: (request) => used(request.execution.workflowId, "query", request.query.queryType),
  updateWorkflowExecution: (request) =>
    used(request.workflowExecution.workflowId, "update", request.request.input.name),
};

const connect = Connection.connect;
Connection.connect = async function (...options) {
  const connection = await connect.apply(this, options);
  const service = connection.workflowService;
  for (const [name, record] of Object.entries(calls)) {
    const call = service[name].bind(service);
    service[name] = async (request) => {
      const answer = await call(request);
      record(request);
      return answer;
    };
  }
  return connection;
};
