// A TypeScript-SDK client that knows only the wire names: it starts FullAnalysisWorkflow with plain JSON, in snake_case and
// in camelCase, and reads the answer. Each check prints one line, `ok` or `FAIL`; the exit code is 1 when one failed.
// Every call has a deadline.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual, parseArgs } from "node:util";

import { Client, Connection, WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure, CancelledFailure } from "@temporalio/common";

const WORKFLOW = "FullAnalysisWorkflow";
const QUEUE = "analysis-queue";
const CALL_MS = 15_000;
const RUN_MS = 120_000;

const SNAKE = {
  symbol: "NVDA",
  strategy: "csp",
  user_id: "ann",
  include_chart_image: true,
  analysis_depth: "quick",
  constraints: { max_delta: 0.2, min_roc: 0.1, dte_min: 20, dte_max: 60, unknown_earnings: "allow" },
};
const CAMEL = {
  symbol: "NVDA",
  strategy: "csp",
  userId: "ann",
  includeChartImage: true,
  analysisDepth: "quick",
  constraints: { maxDelta: 0.2, minRoc: 0.1, dteMin: 20, dteMax: 60, unknownEarnings: "allow" },
};

/** The client, with a deadline on everything. */
class Desk {
  constructor(connection) {
    this.client = new Client({ connection });
  }

  call(work) {
    return this.client.withDeadline(Date.now() + CALL_MS, work);
  }

  start(args, options = {}) {
    const workflowId = `analysis-conformance-${randomUUID()}`;
    return this.call(() =>
      this.client.workflow.start(WORKFLOW, { args, workflowId, taskQueue: QUEUE, ...options }),
    );
  }

  async result(handle) {
    return this.client.withDeadline(Date.now() + RUN_MS, () => handle.result());
  }

  async analyse(params) {
    return this.result(await this.start([params]));
  }

  /** The cause of a run that must not succeed. */
  async failure(handle) {
    let answer;
    try {
      answer = await this.result(handle);
    } catch (error) {
      assert.ok(error instanceof WorkflowFailedError, `not a failed workflow: ${error}`);
      return error.cause;
    }
    throw new Error(`was answered: ${JSON.stringify(answer).slice(0, 200)}`);
  }
}

const text = (value, name) => assert.ok(typeof value === "string" && value.trim() !== "", `${name} is ${value}`);
const number = (value, name) => assert.ok(Number.isFinite(value), `${name} is ${value}`);
const whole = (value, name) => assert.ok(Number.isInteger(value), `${name} is ${value}`);
const oneOf = (value, allowed, name) => assert.ok(allowed.includes(value), `${name} is ${value}`);

function assertChart(chart) {
  oneOf(chart.recommendation, ["bullish", "bearish", "neutral", "reject"], "recommendation");
  oneOf(chart.trend_direction, ["up", "down", "sideways"], "trend_direction");
  oneOf(chart.trend_quality, ["strong", "moderate", "weak"], "trend_quality");
  oneOf(chart.extension_risk, ["low", "moderate", "high"], "extension_risk");
  text(chart.chart_notes, "chart_notes");
  whole(chart.tool_calls_made, "tool_calls_made");
  for (const level of [...chart.support_levels, ...chart.resistance_levels]) {
    number(level.price, "level.price");
    text(level.strength, "level.strength");
    text(level.type, "level.type");
  }
  for (const zone of chart.fib_confluence_zones) {
    number(zone.price, "zone.price");
    assert.ok(Array.isArray(zone.levels) && zone.levels.every((name) => typeof name === "string"));
  }
}

function assertOptions(options, { maxDelta, dteMin, dteMax }) {
  oneOf(options.recommendation, ["select", "watchlist", "reject"], "recommendation");
  text(options.liquidity_score, "liquidity_score");
  text(options.options_notes, "options_notes");
  assert.ok(Array.isArray(options.alternative_strikes));
  if (options.recommendation === "reject") return;
  number(options.best_strike, "best_strike");
  assert.match(options.best_expiration, /^\d{4}-\d\d-\d\d$/);
  whole(options.dte, "dte");
  assert.ok(options.dte >= dteMin && options.dte <= dteMax, `dte ${options.dte}`);
  assert.ok(Math.abs(options.delta) <= maxDelta, `delta ${options.delta}`);
  for (const name of ["weekly_roc", "gamma", "theta"]) number(options[name], name);
}

function assertStory(result, constraints) {
  oneOf(result.overall_recommendation, ["reject", "watchlist", "select", "strong_select"], "overall");
  assertChart(result.chart_analysis);
  if (result.options_analysis !== null) assertOptions(result.options_analysis, constraints);
  if (result.overall_recommendation === "reject") {
    assert.match(result.reject_reason, /^(Chart|Options|Research): ./);
    return;
  }
  assert.equal(result.reject_reason, null);
  text(result.synthesized_rationale, "synthesized_rationale");
  const { suggested_position: position, research_analysis: research } = result;
  assert.equal(position.strike, result.options_analysis.best_strike);
  for (const name of ["credit", "breakeven", "collateral", "max_profit", "max_loss", "roc_weekly"]) {
    number(position[name], name);
  }
  for (const name of ["news_risk", "short_interest_risk", "earnings_risk", "research_notes"]) {
    text(research[name], name);
  }
}

const DEFAULTS = { maxDelta: 0.3, dteMin: 14, dteMax: 45 };

const bundledMarket = {
  async "the answers read as the design says"(desk, { symbols }) {
    const answers = await Promise.all(symbols.map((symbol) => desk.analyse({ symbol })));
    answers.forEach((result, index) => {
      assert.equal(result.symbol, symbols[index]);
      assertStory(result, DEFAULTS);
    });
    assert.ok(
      answers.some((result) => result.suggested_position !== null),
      "no symbol went through all stages",
    );
  },

  async "camelCase and snake_case are the same request"(desk) {
    // The market goes on between two requests: one of some pairs sees the same prices.
    let [snake, camel] = [null, null];
    for (let pair = 0; pair < 8 && !(camel && isDeepStrictEqual(camel, snake)); pair += 1) {
      [snake, camel] = await Promise.all([desk.analyse(SNAKE), desk.analyse(CAMEL)]);
    }
    assert.deepEqual(camel, snake);
    assertStory(camel, CAMEL.constraints);
    assert.match(camel.chart_analysis.chart_image.sha256, /^[0-9a-f]{64}$/);
    assert.equal(camel.chart_analysis.chart_image.media_type, "image/png");
  },

  async "includeChartImage and userId are obeyed"(desk, { symbols }) {
    const handle = await desk.start([{ symbol: symbols[0], userId: "ann", includeChartImage: false }]);
    const result = await desk.result(handle);
    assert.equal(result.chart_analysis.chart_image, null);
    const description = await desk.call(() => handle.describe());
    assert.deepEqual(description.searchAttributes.TtaiUser, ["ann"]);
    assert.deepEqual(description.searchAttributes.TtaiOutcome, [result.overall_recommendation]);
  },

  async "the status query says where the run is"(desk, { symbols }) {
    const handle = await desk.start([{ symbol: symbols[0] }]);
    await desk.result(handle);
    const status = await desk.call(() => handle.query("status"));
    assert.deepEqual(
      status.stages.map(({ stage }) => stage),
      ["chart", "options", "research", "synthesis", "save"],
    );
    oneOf(status.stages[0].state, ["done", "rejected"], "the chart stage");
    assert.equal(status.stages.at(-1).state, "done");
  },

  async "a cancelled run ends cancelled with what was done"(desk, { symbols }) {
    // The delay makes sure that the cancellation is there before the run can end.
    const handle = await desk.start([{ symbol: symbols[0] }], { startDelay: "2s" });
    await desk.call(() => handle.cancel());
    const cause = await desk.failure(handle);
    assert.ok(cause instanceof CancelledFailure, `the cause is ${cause}`);
    assert.equal(cause.details[0].overall_recommendation, "incomplete");
  },
};

/** Requests that must fail: the arguments, the failure's type, what its message has to name. */
const REFUSALS = {
  "dteMin above dteMax": [[{ symbol: "AAPL", constraints: { dteMin: 50, dteMax: 20 } }], "ValidationError", "dte_min"],
  "a negative maxDelta": [[{ symbol: "AAPL", constraints: { maxDelta: -0.3 } }], "ValidationError", "max_delta"],
  "a number for a symbol": [[{ symbol: 5 }], "ValidationError", "string"],
  "a text for a number": [[{ symbol: "AAPL", constraints: { maxDelta: "low" } }], "ValidationError", "low"],
  "a misspelt field": [[{ symbol: "AAPL", usrId: "ann" }], "ValidationError", "usrId"],
  "a missing symbol": [[{}], "ValidationError", "symbol"],
  "undefined": [[undefined], "ValidationError", "no argument was sent"],
  "no argument": [[], "ValidationError", "no argument"],
  "two arguments": [[{ symbol: "AAPL" }, { symbol: "SPY" }], "ValidationError", "2 arguments"],
  "a symbol that is no ticker": [[{ symbol: "A L" }], "InvalidSymbolError", "A L"],
  "a symbol that the market does not have": [[{ symbol: "ZZZZ" }], "InvalidSymbolError", "ZZZZ"],
};

for (const [name, [args, kind, names]] of Object.entries(REFUSALS)) {
  bundledMarket[`${name} is refused as ${kind}`] = async (desk) => {
    const cause = await desk.failure(await desk.start(args));
    assert.ok(cause instanceof ApplicationFailure, `the cause is ${cause}`);
    assert.equal(cause.type, kind, cause.message);
    assert.equal(cause.nonRetryable, true, "the failure says that trying again may help");
    assert.ok(cause.message.includes(names), cause.message);
  };
}

const recordedMarket = {
  async "facts of the recorded market are reproduced"(desk) {
    const result = await desk.analyse({ symbol: "AAPL", asOf: "2014-06-06T19:00:00Z", constraints: { minRoc: 0.5 } });
    assertStory(result, DEFAULTS);
    assert.equal(result.overall_recommendation, "watchlist");
    assert.equal(result.options_analysis.best_strike, 630);
    assert.equal(result.suggested_position.last_trade_date, "2014-06-20");
    assert.ok(Math.abs(result.options_analysis.weekly_roc - 0.4008) < 5e-5, result.options_analysis.weekly_roc);
  },
};

const { values: options } = parseArgs({
  options: {
    address: { type: "string" },
    symbols: { type: "string", default: "NVDA" },
    recorded: { type: "boolean", default: false },
  },
});
const connection = await Connection.connect({ address: options.address, connectTimeout: CALL_MS });
const desk = new Desk(connection);
const context = { symbols: options.symbols.split(",") };
for (const [name, check] of Object.entries(options.recorded ? recordedMarket : bundledMarket)) {
  try {
    await check(desk, context);
    console.log(`ok    typescript: ${name}`);
  } catch (error) {
    process.exitCode = 1;
    const reason = error instanceof WorkflowFailedError ? error.cause : error;
    console.log(`FAIL  typescript: ${name}: ${String(reason).replaceAll("\n", " ").slice(0, 400)}`);
    console.error(error);
  }
}
await connection.close();
