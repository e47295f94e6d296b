// Drives npm's @tastytrade/api, unmodified but for its addresses, against a simulated service. Each check prints one line,
// `ok` or `FAIL`; the exit code is 1 when one failed. Every check has a deadline.

import assert from "node:assert/strict";
import { parseArgs } from "node:util";

import TastytradeClient, { MarketDataSubscriptionType, CandleType } from "@tastytrade/api";
import WebSocket from "ws";

const ACCOUNT = "5WT00001";
const SYMBOL = "AAPL";
const DEADLINE_MS = 30_000;

// The stream's client expects a browser's WebSocket.
globalThis.WebSocket ??= WebSocket;

const { values: options } = parseArgs({
  options: { base: { type: "string" }, streamer: { type: "string" }, "market-time": { type: "string" } },
});
const marketTime = new Date(options["market-time"]);

function clientWith(clientSecret, refreshToken) {
  return new TastytradeClient({
    baseUrl: options.base,
    accountStreamerUrl: options.streamer,
    clientSecret,
    refreshToken,
    oauthScopes: ["read", "trade"],
  });
}

const client = clientWith("conformance-secret", "conformance-refresh-token");

/** The call is refused with that status and words in its body. */
async function refused(call, status, part) {
  await assert.rejects(call, (error) => {
    assert.equal(error.response?.status, status, String(error));
    assert.ok(JSON.stringify(error.response.data).includes(part), JSON.stringify(error.response.data));
    return true;
  });
}

/** Asks again until the answer fits. */
async function until(ask, fits) {
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const withStatus = (id, status) =>
  until(() => client.orderService.getOrder(ACCOUNT, id), (order) => order.status === status);

function purchase(price) {
  return {
    "time-in-force": "Day",
    "order-type": "Limit",
    price,
    "price-effect": "Debit",
    legs: [{ "instrument-type": "Equity", symbol: SYMBOL, quantity: 10, action: "Buy to Open" }],
  };
}

/** A put spread below the price, with the credit that it brings at natural prices. */
async function spread() {
  const [chain] = await client.instrumentsService.getNestedOptionChain(SYMBOL);
  const expiration = chain.expirations.find((found) => found["days-to-expiration"] >= 20);
  const middle = Math.floor(expiration.strikes.length / 3);
  const leg = (symbol, action) => ({ "instrument-type": "Equity Option", symbol, quantity: 1, action });
  return {
    "time-in-force": "Day",
    "order-type": "Limit",
    price: 0.01,
    "price-effect": "Credit",
    legs: [
      leg(expiration.strikes[middle].put, "Sell to Open"),
      leg(expiration.strikes[middle - 1].put, "Buy to Open"),
    ],
  };
}

const CHECKS = {
  "a token is fetched and kept": async () => {
    await client.accountsAndCustomersService.getCustomerResource();
    const token = client.httpClient.accessToken.token;
    await client.accountsAndCustomersService.getCustomerResource();
    assert.equal(client.httpClient.accessToken.token, token);
    await refused(() => clientWith("s", "revoked").accountsAndCustomersService.getCustomerResource(), 400, "invalid_grant");
    await refused(() => clientWith("wrong", "r").accountsAndCustomersService.getCustomerResource(), 401, "invalid_client");
  },
  "accounts, status and the quote token": async () => {
    const accounts = await client.accountsAndCustomersService.getCustomerAccounts();
    assert.deepEqual(accounts.map((item) => item.account["account-number"]), [ACCOUNT]);
    const one = await client.accountsAndCustomersService.getFullCustomerAccountResource(ACCOUNT);
    assert.equal(one["margin-or-cash"], "Cash");
    assert.equal((await client.accountStatusService.getAccountStatus(ACCOUNT))["account-number"], ACCOUNT);
    assert.ok((await client.accountsAndCustomersService.getApiQuoteToken())["dxlink-url"].startsWith("ws"));
    await refused(() => client.accountStatusService.getAccountStatus("5WT99999"), 403, "not_permitted");
  },
  "balances and positions": async () => {
    const [balance] = await client.balancesAndPositionsService.getAccountBalanceValues(ACCOUNT);
    assert.ok(Number(balance["net-liquidating-value"]) > 0);
    assert.ok(Array.isArray(await client.balancesAndPositionsService.getPositionsList(ACCOUNT, { includeMarks: true })));
  },
  "instruments and chains": async () => {
    assert.equal((await client.instrumentsService.getSingleEquity(SYMBOL))["streamer-symbol"], SYMBOL);
    const several = await client.instrumentsService.getEquityDefinitions({ symbol: [SYMBOL, "SPY"] });
    assert.equal(several.length, 2);
    const [nested] = await client.instrumentsService.getNestedOptionChain(SYMBOL);
    const strikes = nested.expirations.reduce((sum, found) => sum + found.strikes.length, 0);
    const compact = await client.instrumentsService.getCompactOptionChain(SYMBOL);
    assert.equal(compact.reduce((sum, found) => sum + found.symbols.length, 0), 2 * strikes);
    const full = await client.instrumentsService.getOptionChain(SYMBOL);
    const option = await client.instrumentsService.getSingleEquityOption(full[0].symbol);
    assert.equal(option.symbol, full[0].symbol);
    assert.equal((await client.instrumentsService.getEquityOptions([full[0].symbol, full[1].symbol])).length, 2);
    assert.ok((await client.symbolSearchService.getSymbolData("AA")).some((found) => found.symbol === SYMBOL));
    await refused(() => client.instrumentsService.getNestedOptionChain("ZZZZ"), 404, "record_not_found");
  },
  "market metrics and dividends": async () => {
    const metrics = await client.marketMetricsService.getMarketMetrics({ symbols: `${SYMBOL},SPY` });
    assert.deepEqual(metrics.map((metric) => metric.symbol), [SYMBOL, "SPY"]);
    assert.ok(Number(metrics[0]["implied-volatility-index-rank"]) <= 1);
    assert.ok((await client.marketMetricsService.getHistoricalDividendData(SYMBOL)).length > 0);
    await client.marketMetricsService.getHistoricalEarningsData(SYMBOL, { startDate: "2020-01-01" });
  },
  watchlists: async () => {
    const name = "node wheel";
    const entries = [{ symbol: SYMBOL, "instrument-type": "Equity" }];
    await client.watchlistsService.createAccountWatchlist({ name, "watchlist-entries": entries });
    entries.push({ symbol: "SPY", "instrument-type": "Equity" });
    await client.watchlistsService.replaceWatchlist(name, { name, "watchlist-entries": entries });
    assert.deepEqual((await client.watchlistsService.getSingleWatchlist(name))["watchlist-entries"], entries);
    assert.ok((await client.watchlistsService.getAllWatchlists()).some((list) => list.name === name));
    await client.watchlistsService.deleteWatchlist(name);
    await refused(() => client.watchlistsService.getSingleWatchlist(name), 404, "record_not_found");
    assert.ok((await client.watchlistsService.getPublicWatchlists())[0]["watchlist-entries"].length > 0);
  },
  "order dry run": async () => {
    const tried = await client.orderService.postOrderDryRun(ACCOUNT, purchase(1));
    assert.equal(tried.order.status, "Received");
    assert.equal(tried["buying-power-effect"]["change-in-buying-power"], "10.0");
    assert.equal(tried["buying-power-effect"].effect, "Debit");
    await refused(() => client.orderService.postOrderDryRun(ACCOUNT, { "order-type": "Limit" }), 400, "legs");
  },
  "placing, editing, replacing and cancelling": async () => {
    const { order } = await client.orderService.createOrder(ACCOUNT, purchase(1));
    assert.equal(order.status, "Routed");
    await withStatus(order.id, "Live");
    const edited = await client.orderService.editOrder(ACCOUNT, order.id, { price: 2, "price-effect": "Debit" });
    assert.equal(edited["replaces-order-id"], order.id);
    const change = { "order-type": "Limit", "time-in-force": "GTC", price: 3, "price-effect": "Debit" };
    const tried = await client.orderService.replacementOrderDryRun(ACCOUNT, edited.id, change);
    assert.equal(tried.order.price, "3.0");
    const replaced = await client.orderService.replaceOrder(ACCOUNT, edited.id, change);
    assert.equal(replaced["time-in-force"], "GTC");
    const cancelled = await client.orderService.cancelOrder(ACCOUNT, replaced.id);
    assert.equal(cancelled.status, "Cancel Requested");
    await withStatus(replaced.id, "Cancelled");
    await refused(() => client.orderService.cancelOrder(ACCOUNT, replaced.id), 422, "cannot_update_order");
    const live = await client.orderService.getLiveOrders(ACCOUNT);
    assert.ok(live.some((found) => found.id === replaced.id));
    const found = await client.orderService.getOrders(ACCOUNT, { status: ["Cancelled"], "per-page": 50 });
    assert.ok(found.some((found) => found.id === order.id));
  },
  "a spread is filled and booked": async () => {
    const { order } = await client.orderService.createOrder(ACCOUNT, await spread());
    const filled = await withStatus(order.id, "Filled");
    assert.ok(filled.legs.every((leg) => leg.fills.length > 0 && leg["remaining-quantity"] === 0));
    const positions = await client.balancesAndPositionsService.getPositionsList(ACCOUNT);
    assert.ok(filled.legs.every((leg) => positions.some((position) => position.symbol === leg.symbol)));
    const trades = await client.transactionsService.getAccountTransactions(ACCOUNT, { "start-date": "2000-01-01" });
    const own = trades.filter((trade) => trade["order-id"] === order.id);
    assert.equal(own.length, 2);
    const one = await client.transactionsService.getTransaction(ACCOUNT, String(own[0].id));
    assert.equal(one.symbol, own[0].symbol);
    await client.transactionsService.getTotalFees(ACCOUNT);
  },
  "the account streamer": async () => {
    const streamer = client.accountStreamer;
    const seen = [];
    streamer.addMessageObserver((message) => seen.push(message));
    await streamer.start();
    await streamer.subscribeToAccounts([ACCOUNT]);
    const { order } = await client.orderService.createOrder(ACCOUNT, purchase(1));
    const told = (status) => seen.some((message) => message.type === "Order" && message.data.id === order.id && message.data.status === status);
    await until(() => told("Live"), Boolean);
    await client.orderService.cancelOrder(ACCOUNT, order.id);
    await until(() => told("Cancelled"), Boolean);
    await until(() => seen.some((message) => message.action === "heartbeat" && message.status === "ok"), Boolean);
    streamer.stop();
  },
  "the quote streamer": async () => {
    const streamer = client.quoteStreamer;
    const events = [];
    streamer.addEventListener((batch) => events.push(...batch));
    await streamer.connect();
    streamer.subscribe([SYMBOL, "SPY"], [MarketDataSubscriptionType.Quote]);
    const quote = (symbol) => events.find((event) => event.eventType === "Quote" && event.eventSymbol === symbol);
    await until(() => quote(SYMBOL) && quote("SPY"), Boolean);
    assert.ok(Number(quote(SYMBOL).bidPrice) > 0);
    const month = marketTime.getTime() - 30 * 86_400_000;
    streamer.subscribeCandles(SYMBOL, month, 1, CandleType.Day);
    await until(() => events.filter((event) => event.eventType === "Candle").length >= 10, Boolean);
    streamer.unsubscribe([SYMBOL, "SPY"]);
    streamer.disconnect();
  },
};

async function within(check) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}

let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    await within(check);
    console.log(`ok    node: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  node: ${name}`);
    console.error(error?.stack ?? error);
  }
}
// The stream's client keeps timers for ever.
process.exit(failed ? 1 : 0);
