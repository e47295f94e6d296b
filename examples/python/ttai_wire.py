# Generated from crates/contract/schema/contract.json by conformance/types/run --update. Do not edit.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, Union

WorkflowName: TypeAlias = Literal['AlertShardWorkflow', 'AnalysisWorkflow', 'AutoRunScreenersWorkflow', 'CSPScreenerWorkflow', 'ChartAnalysisWorkflow', 'DailyTradingWorkflow', 'DeliveryWorkflow', 'FullAnalysisWorkflow', 'NewsWatcherWorkflow', 'OptionsAnalysisWorkflow', 'PortfolioMonitorWorkflow', 'PositionMonitorWorkflow', 'PriceAlertWorkflow', 'QuoteStreamWorkflow', 'ResearchAnalysisWorkflow', 'RetentionWorkflow', 'RunReportWorkflow', 'ScheduledScreenerWorkflow', 'ScheduledSyncWorkflow', 'ScreenerWorkflow', 'SyncSourceWorkflow', 'UpdateJournalWorkflow']
"""The types of the workflows."""


AccountType: TypeAlias = Literal['cash', 'margin']
"""What kind of account trades."""


@dataclass(kw_only=True)
class AlertConditionDte:
    """New York calendar days to the last trade date at or under a number."""

    days: int
    """Days, 0 to 3,650."""

    kind: Literal['dte'] = 'dte'


@dataclass(kw_only=True)
class AlertConditionStrikeDistance:
    """The underlying within a distance of an option's strike."""

    kind: Literal['strike_distance'] = 'strike_distance'
    percent: str | float
    """Percent of the strike."""


@dataclass(kw_only=True)
class AlertConditionMoneyness:
    """The underlying beyond an option's strike, or not."""

    itm: bool
    """In the money, else out of it."""

    kind: Literal['moneyness'] = 'moneyness'


@dataclass(kw_only=True)
class AlertConditionProfit:
    """Profit of a short position at the mid."""

    kind: Literal['profit'] = 'profit'
    percent: str | float
    """Percent of the credit."""


@dataclass(kw_only=True)
class AlertConditionLoss:
    """Loss of a short position at the mid."""

    kind: Literal['loss'] = 'loss'
    multiple: str | float
    """Multiple of the credit."""


@dataclass(kw_only=True)
class AlertConditionEarnings:
    """The next earnings report near."""

    kind: Literal['earnings'] = 'earnings'
    within_days: int
    """Calendar days to it, 0 to 365."""


@dataclass(kw_only=True)
class AlertIds:
    """Ids of alerts."""

    ids: list[str]
    """At most 500."""


@dataclass(kw_only=True)
class Repeating:
    cooldown_seconds: int = 300
    """Seconds after a firing in which it stays silent; at most a week."""

    rearm_percent: str | float = '0.25'
    """How far beyond its level, in percent of it, the value must have been for it to fire again; below 100."""


@dataclass(kw_only=True)
class AlertRepeatRepeating:
    """Again and again: once the cool-down is over and the condition has failed by a margin since."""

    repeating: Repeating


AlertRepeat: TypeAlias = Literal['once'] | Literal['once_a_bar'] | Literal['once_a_day'] | AlertRepeatRepeating
"""How often an alert fires."""


AlertSession: TypeAlias = Literal['regular', 'extended', 'overnight']
"""In which hours an alert fires; each has those before it, too."""


AlertSide: TypeAlias = Literal['above', 'below']
"""At or over, at or under."""


@dataclass(kw_only=True)
class AlertSubjectWatchlist:
    """Each symbol of a watchlist, as an alert of its own."""

    kind: Literal['watchlist'] = 'watchlist'
    name: str
    """The watchlist's name: 1 to 64 characters, no quotation or control characters."""


AlertTrigger: TypeAlias = Literal['touch', 'bar_close']
"""Which moments count."""


AnalysisDepth: TypeAlias = Literal['quick', 'standard', 'deep']
"""How far back levels are sought; trend and extremes always use the whole history."""


AnalysisStatus: TypeAlias = Literal['completed', 'rejected', 'incomplete']
"""Where an analysis ended."""


AnalysisType: TypeAlias = Literal['chart_analysis', 'options_analysis', 'full_analysis']
"""How far to go."""


@dataclass(kw_only=True)
class Answer:
    """What an update answers. A message that was accepted before is accepted again and changes nothing."""

    accepted: bool
    """Whether the entity has the message and will apply it, once."""

    reason: str | None = None
    """Why not."""


@dataclass(kw_only=True)
class ApproveTrade:
    """`approve`: an order may be sent."""

    by: str
    """Who approves."""

    order_id: str
    """The client order id, as the message names it."""


@dataclass(kw_only=True)
class ArtifactLink:
    """A stored artefact."""

    media_type: str
    """Media type."""

    sha256: str
    """SHA-256 of the bytes, the artefact's name in the store."""

    size: int
    """Length in bytes."""


AutoRunOutcome: TypeAlias = Literal['completed', 'skipped', 'failed']
"""What became of a screener."""


@dataclass(kw_only=True)
class AwaitedApproval:
    """An order that waits for an answer."""

    order_id: str
    """The client order id."""

    until: str
    """Until when it may be given, by the market's clock."""


BarLength: TypeAlias = Literal['1m', '5m', '15m', '30m', '60m', 'day']
"""The length of an alert's bars. Those of minutes begin with the regular session, in extended hours with the hour."""


ChannelName: TypeAlias = str
"""The name of a notification channel: 1 to 64 characters, none of them a control character."""


ChannelTrigger: TypeAlias = Literal['inside', 'outside', 'entered', 'left']
"""How a price stands to a range."""


ChartRecommendation: TypeAlias = Literal['bullish', 'bearish', 'neutral', 'reject']
"""The chart analyst's verdict."""


@dataclass(kw_only=True)
class ConfluenceZone:
    """A price where several methods agree."""

    high: float
    """Upper edge."""

    levels: list[str]
    """What coincides: `fib 0.500`, `swing low 580.33`, `SMA 50 576.95`, `gap edge 560.73`, `level 594.58 (4 touches)`."""

    low: float
    """Lower edge."""

    price: float
    """Dollars."""


@dataclass(kw_only=True)
class DeliverSignal:
    """The argument of the signal `deliver`: nothing, or an empty object."""


@dataclass(kw_only=True)
class DeliveryTotals:
    """What became of a user's deliveries so far."""

    digested: int = 0
    """Messages that went into a digest."""

    failed: int = 0
    """Tries that failed and were to be repeated."""

    given_up: int = 0
    """Deliveries that are not tried any more."""

    problem: str | None = None
    """The last failure."""

    sent: int = 0
    """Messages that channels took, digests included."""


DividendStatus: TypeAlias = Literal['paid', 'declared', 'projected']
"""How sure a dividend is."""


EarningsPolicy: TypeAlias = Literal['exclude', 'warn', 'allow']
"""What to do when nobody says when earnings are."""


EntityState: TypeAlias = Literal['running', 'paused', 'shutting_down', 'ended']
"""What an entity is doing."""


@dataclass(kw_only=True)
class Evidence:
    """A number that a text mentions: what it is, its exact value, how the text prints it, and where it comes from."""

    name: str
    """What the number is: `sma_20`, `support_1`."""

    source: str
    """Where it comes from: `daily bars`, `option chain`."""

    text: str
    """As printed in the text."""

    value: float
    """Exact value."""


@dataclass(kw_only=True)
class ExitTrigger:
    """When to leave a position, as a price and a date."""

    kind: str
    """`take_profit`, `review`, `tested`, `stop_loss`."""

    text: str
    """One sentence."""

    date: str | None = None
    """The session on which it fires or by which it should."""

    price: float | None = None
    """Option price (a vertical's debit) or underlying price at which it fires, in dollars."""

    price_of: str | None = None
    """Whose price: `option`, `underlying`."""


@dataclass(kw_only=True)
class ExpectedMove:
    """How far the market expects the price to move by the expiration."""

    atm_iv: float
    """Volatility at the money, a fraction."""

    dte: int
    """Days to the last trade date."""

    expected_move_1sd: float
    """S·IV·√T in dollars."""

    expiration: str
    """Listed expiration."""

    expected_move_straddle: float | None = None
    """Mid of the at-the-money straddle, in dollars; none where one side has no two-sided quote."""


ExtensionRisk: TypeAlias = Literal['low', 'moderate', 'high']
"""How far the price has run from its averages."""


FailureType: TypeAlias = Literal['InvalidSymbolError', 'AuthenticationError', 'ValidationError', 'DataUnavailableError', 'CorruptDataError', 'ProviderUnavailableError', 'StoreUnavailableError', 'TimeoutError', 'WorkerShutdownError', 'ActivityInterruptedError', 'DeadlineError', 'WorkerLostError']
"""The `type` of an application failure."""


@dataclass(kw_only=True)
class FibonacciLevel:
    """One Fibonacci level."""

    price: float
    """Dollars."""

    ratio: float
    """0.236 … 0.786 for retracements, 1.272 and more for extensions."""


FibonacciSwing: TypeAlias = dict[str, Any]
"""The swing that the Fibonacci levels divide. A dictionary: `from` among its fields is no name in Python."""


@dataclass(kw_only=True)
class ImpliedEventNote:
    """A jump of the forward volatility between two expirations: the market expects something there."""

    after: str
    """Last trade date of the expiration before it."""

    base_volatility: float
    """Forward volatility of the stretch before, in percent."""

    before: str
    """Last trade date of the expiration by which it has happened."""

    forward_volatility: float
    """Forward volatility between the two, in percent."""


Instrument: TypeAlias = str
"""A ticker, or the 21 characters of an option's OCC symbol."""


@dataclass(kw_only=True)
class JournalUpdate:
    """What an update of journals came to."""

    entered: int = 0
    """Analyses that became entries."""

    linked: int = 0
    """Trades that were linked to their entries."""

    marked: int = 0
    """Entries that were marked: their expiration has passed."""

    open: int = 0
    """Entries whose expiration lies ahead."""

    unmarked: int = 0
    """Entries whose expiration has passed and that could not be marked; each says why."""

    unusable: int = 0
    """Analyses that name no trade that an entry could be about."""

    users: int = 0
    """Users whose journals were looked at."""


@dataclass(kw_only=True)
class LatestGreeks:
    """Greeks; null where the provider says that a contract has none."""

    received_at: str
    """When they were received."""

    delta: float | None = None
    """Dollars per dollar of the underlying."""

    gamma: float | None = None
    """Delta per dollar of the underlying."""

    market_time: str | None = None
    """When the market was so; null where the feed does not say."""

    rho: float | None = None
    """Dollars per point of interest."""

    theta: float | None = None
    """Dollars a day."""

    vega: float | None = None
    """Dollars per point of volatility."""

    volatility: float | None = None
    """Implied volatility as a fraction a year."""


@dataclass(kw_only=True)
class ListAlerts:
    """Which alerts to list, newest first."""

    limit: int | None = None
    """At most this many, 1 to 1,000; 50 when none."""

    symbol: str | None = None
    """About this symbol only."""


@dataclass(kw_only=True)
class MarketSource:
    """Which market the numbers are from."""

    description: str
    """One line for a person."""

    name: str
    """Short name of the provider."""

    simulated: bool
    """Whether the prices are invented."""


ModelName: TypeAlias = str
"""A model as `provider/model`. Whether the provider is configured, the worker knows."""


ModelOutcome: TypeAlias = Literal['used', 'ungrounded', 'malformed', 'refused', 'over_budget', 'unavailable']
"""What became of a model's answer."""


@dataclass(kw_only=True)
class ModelTotal:
    """All stages of an analysis together."""

    input_tokens: int
    """Tokens read."""

    model: str
    """`provider/model`, as asked for."""

    output_tokens: int
    """Tokens written."""

    stages: int
    """Stages that a model was asked for."""

    stages_used: int
    """Stages whose text is the model's."""

    tool_calls: int
    """Tools called."""

    turns: int
    """Turns taken."""

    cost_usd: str | float | None = None
    """Dollars; none where a turn's price is not known."""


@dataclass(kw_only=True)
class ModelUse:
    """A model's part in one stage's result."""

    input_tokens: int
    """Tokens read."""

    model: str
    """`provider/model`, as asked for."""

    note: str
    """Why, for a person; empty where the answer is used."""

    outcome: ModelOutcome
    """What became of its answer."""

    output_tokens: int
    """Tokens written."""

    tool_calls: int
    """Tools called."""

    turns: int
    """Turns taken, those of lost attempts too."""

    ungrounded: list[str]
    """Numbers of its text that are no facts, as it printed them."""

    cost_usd: str | float | None = None
    """Dollars; none where a turn's price is not known."""

    lowered_from: str | None = None
    """The verdict before the model lowered it; none where it agreed."""


MoveBase: TypeAlias = Literal['previous_close', 'open', 'entry']
"""What a move is measured from."""


MoveDirection: TypeAlias = Literal['up', 'down', 'either']
"""Which way a price moves."""


@dataclass(kw_only=True)
class NearestMiss:
    """A contract that just misses."""

    contract: str
    """OCC symbol."""

    description: str
    """As a person says it: `AAPL 2014-06-21 630 put`."""

    misses: list[str]
    """What it misses and by how much."""


@dataclass(kw_only=True)
class NetPriceDebit:
    """At most this much is paid."""

    debit: str | float


@dataclass(kw_only=True)
class NetPriceCredit:
    """At least this much is received."""

    credit: str | float


NetPrice: TypeAlias = NetPriceDebit | NetPriceCredit
"""The limit of one unit of all legs, in dollars a share."""


@dataclass(kw_only=True)
class NewsSourceState:
    """A source of news, as it was when it was last read."""

    name: str
    """Its name: `alpaca`, `rss/Newswire`."""

    problem: str | None = None
    """Why it could not be read last."""

    read_until: str | None = None
    """Up to when it was read, in market time."""


@dataclass(kw_only=True)
class ObservedFrequency:
    """How often the underlying's own past would have let the contract expire without value."""

    n: int
    """Windows looked at. They overlap: each session begins one."""

    sessions: int
    """Sessions of a window."""

    share: float
    """Share of the windows in which the price closed on the right side of the same relative distance, 0 to 1."""


OccSymbol: TypeAlias = str
"""The parts that an OCC symbol spells out. On the wire it is that symbol."""


OneOrMore: TypeAlias = ChannelName | list[ChannelName]
"""A channel, or several."""


OpenInterestPolicy: TypeAlias = Literal['exclude', 'warn', 'allow']
"""What to do with chains that report no open interest."""


OptionRight: TypeAlias = Literal['call', 'put']
"""Call or put."""


@dataclass(kw_only=True)
class OptionsConstraints:
    """What a contract must satisfy."""

    dte_max: int = 45
    """Most calendar days to the last trade date."""

    dte_min: int = 14
    """Fewest calendar days to the last trade date."""

    exclude_earnings: bool = True
    """Whether expirations beyond an earnings report are out."""

    max_delta: float = 0.3
    """Largest |delta| of the short contract, 0 to 1."""

    max_spread_pct: float = 10.0
    """Widest bid–ask spread, in percent of the mid."""

    min_credit_pct: float = 20.0
    """Smallest credit of a vertical, in percent of its width."""

    min_open_interest: int = 100
    """Smallest open interest, in contracts."""

    min_roc: float = 0.5
    """Smallest return in percent per 7 calendar days at the bid."""

    unknown_earnings: EarningsPolicy = 'warn'
    """What to do when the date is unknown."""

    unknown_open_interest: OpenInterestPolicy = 'warn'
    """What to do where a chain reports no open interest at all; a contract that lacks it among others that have it is out."""


OptionsRecommendation: TypeAlias = Literal['select', 'watchlist', 'reject']
"""The options analyst's verdict."""


OrderAction: TypeAlias = Literal['buy_to_open', 'sell_to_open', 'buy_to_close', 'sell_to_close']
"""What a leg does."""


@dataclass(kw_only=True)
class OrderCheck:
    """One rule of the risk gate, looked at."""

    outcome: str
    """`passed`, `failed` or `not_known`."""

    rule: str
    """Which."""

    sentence: str
    """Why, for a trader."""


@dataclass(kw_only=True)
class Replaced:
    by: str
    """The broker's id of that order."""


@dataclass(kw_only=True)
class OrderPhaseReplaced:
    """Another order of the broker took its place."""

    replaced: Replaced


OrderPhase: TypeAlias = Literal['intended'] | Literal['refused'] | Literal['awaiting_approval'] | Literal['approved'] | Literal['rejected_by_user'] | Literal['approval_expired'] | Literal['claimed'] | Literal['submitting'] | Literal['unknown'] | Literal['not_sent'] | Literal['working'] | Literal['partly_filled'] | Literal['filled'] | Literal['cancelled'] | Literal['expired'] | Literal['rejected_by_broker'] | OrderPhaseReplaced
"""Where an order stands, both sides together."""


@dataclass(kw_only=True)
class OrderPrices:
    """How far the price of an order gives way."""

    seconds_a_step: int
    """Seconds that each price is tried."""

    walk: list[NetPrice]
    """The prices to try after the limit, one after the other."""

    worst: NetPrice
    """The worst price that leave was asked for."""


OrderPurpose: TypeAlias = Literal['entry', 'exit', 'roll', 'compensation']
"""Why an order is sent."""


@dataclass(kw_only=True)
class OrderVerdict:
    """What would become of an order if it were made now."""

    checks: list[OrderCheck] = field(default_factory=list)
    """What the risk gate says."""

    passes: bool = False
    """Whether it would be proposed."""

    refusal: str | None = None
    """Why not, for a trader; none where it would."""


OverallRecommendation: TypeAlias = Literal['incomplete', 'reject', 'watchlist', 'select', 'strong_select']
"""The verdict over all stages."""


@dataclass(kw_only=True)
class PauseAlerts:
    """Which alerts to turn off or on."""

    ids: list[str]
    """At most 500."""

    paused: bool = True
    """Whether they are off from now on; true when none."""


@dataclass(kw_only=True)
class PositionContext:
    """What is already held in the symbol."""

    cost_basis: float | None = None
    """Dollars paid a share."""

    shares: int = 0
    """Shares held, for covered calls."""


PositionEnd: TypeAlias = Literal['closed_early', 'held_to_expiration', 'assigned', 'exercised', 'rolled', 'liquidated', 'closed_by_hand']
"""How a position, and the trade that opened it, ended."""


PositionEvent: TypeAlias = Literal['hold', 'exit', 'session_over', 'gone']
"""What a look at a position came to."""


PositionSide: TypeAlias = Literal['long', 'short']
"""Which way a position is held."""


@dataclass(kw_only=True)
class PriceGap:
    """A gap between two sessions that has not been filled."""

    date: str
    """Session that opened with it."""

    direction: str
    """`up` or `down`."""

    high: float
    """Upper edge of what is still open."""

    low: float
    """Lower edge of what is still open."""


@dataclass(kw_only=True)
class PriceLevel:
    """A support or resistance level."""

    distance_atr: float
    """Distance from the price in average true ranges; negative below."""

    last_touch: str
    """Last session that touched it."""

    price: float
    """Dollars."""

    score: float
    """0 to 1."""

    strength: str
    """`weak`, `moderate`, `strong`."""

    touches: int
    """How often it was touched."""

    type: str
    """
    What made it: `swing_low`, `swing_high`, `year_low`, `year_high`, or `all_time_low` and `all_time_high` of the
    history on record.
    """

    zone_high: float
    """Upper edge of its zone."""

    zone_low: float
    """Lower edge of its zone."""


PriceSource: TypeAlias = Literal['last', 'bid', 'ask', 'mid']
"""Which price an alert compares."""


PriceTrigger: TypeAlias = Literal['above', 'below', 'crosses_up', 'crosses_down', 'crosses']
"""How a price stands to a level."""


QuoteCondition: TypeAlias = Literal['stale', 'delayed', 'last_known', 'halted', 'crossed', 'one_sided', 'outlier']
"""Something that keeps a quote from being taken at face value."""


@dataclass(kw_only=True)
class QuoteStreamHealth:
    """How a stream is. What is not known is null."""

    at: str | None = None
    """When this was so, by the local clock."""

    blind_since: str | None = None
    """Market time since which nothing is seen; null while something is."""

    connected: bool = False
    """Whether it is connected and brings events."""

    events: int = 0
    """Events since the watch began."""

    gaps: int = 0
    """Spans in which events may have been missed, since the watch began."""

    last_event: str | None = None
    """Market time of the newest event."""

    last_received: str | None = None
    """When it was received, by the provider's clock."""

    problem: str | None = None
    """The last trouble, in one line."""

    since: str | None = None
    """Since when it is watched without an interruption, by the local clock."""

    stream: str | None = None
    """Which stream is read: `tastytrade`, `alpaca`, `polling`, `simulated`."""

    symbols: int = 0
    """How many symbols are subscribed."""


@dataclass(kw_only=True)
class RejectTrade:
    """`reject`: an order may not be sent."""

    by: str
    """Who rejects."""

    order_id: str
    """The client order id, as the message names it."""

    reason: str = ''
    """Why."""


@dataclass(kw_only=True)
class RejectedMessage:
    """A signal that was not accepted; nobody waits for its answer, so the status lists it."""

    handler: str
    """The signal's name."""

    reason: str
    """Why, in at most 300 bytes."""

    at: str | None = None
    """When, in the server's time."""


@dataclass(kw_only=True)
class ReloadSignal:
    """The argument of the signal `reload`: nothing, or an empty object."""


@dataclass(kw_only=True)
class RemovedRows:
    """How many rows were removed from the store."""

    alerts: int = 0
    """Alerts that somebody had removed."""

    analyses: int = 0
    """Analyses."""

    artifacts: int = 0
    """Pictures and scenes that nothing refers to any more."""

    firings: int = 0
    """What alerts fired."""

    messages: int = 0
    """Messages with nothing left to deliver."""

    reports: int = 0
    """Reports."""

    screened: int = 0
    """Candidates of screens."""

    screens: int = 0
    """Runs of screens."""

    stories: int = 0
    """News stories."""

    turns: int = 0
    """Models' turns."""


ReportName: TypeAlias = Literal['morning_briefing', 'eod_summary', 'daily_report', 'weekly_review']
"""Which report."""


ResearchRecommendation: TypeAlias = Literal['clear', 'caution', 'reject']
"""The research analyst's verdict."""


@dataclass(kw_only=True)
class ResourceSync:
    """What became of one resource."""

    error: str | None = None
    """Why it could not be read; none where it was."""

    resource: str = ''
    """The resource."""

    rows_read: int = 0
    """Rows that the source gave."""

    rows_unchanged: int = 0
    """Rows that were in the store as they are."""

    rows_written: int = 0
    """Rows that are new or changed."""

    warnings: list[str] = field(default_factory=list)
    """What was left out, a sentence each."""


RiskLevel: TypeAlias = Literal['unknown', 'low', 'moderate', 'high']
"""How bad."""


@dataclass(kw_only=True)
class RouterState:
    """What a router remembers from run to run: little, since the alerts are in the store."""

    last_refusals: list[str] = field(default_factory=list)
    """Why the last ones were."""

    refused: int = 0
    """Alerts refused in its whole life."""

    requests: int = 0
    """Requests that were carried out."""

    total: int = 0
    """How many alerts the user has that can still fire, by the last request."""


RuleKind: TypeAlias = Literal['pnl_warning', 'margin_warning', 'delta_breach', 'profit_target', 'loss_limit', 'dte_warning', 'itm_near_expiry', 'ex_dividend', 'earnings_before_expiry', 'assignment_risk', 'symbol_concentration', 'sector_concentration', 'price_above', 'price_below', 'monitoring_blind', 'expiry_day']
"""What a rule watches; the name on the wire is the alert's type."""


@dataclass(kw_only=True)
class RunLimits:
    """Limits of a run. They can only tighten what the worker's configuration allows; what is not set is as configured."""

    max_day_risk: str | float | None = None
    """Dollars that the day's opening orders may lose together."""

    max_order_risk: str | float | None = None
    """Dollars that one order may lose."""

    max_order_units: int | None = None
    """Units of one order."""

    max_spread_percent: str | float | None = None
    """The widest market of any leg, percent of its mid."""

    max_symbol_risk: str | float | None = None
    """Dollars that everything in one underlying may lose."""


ScreenRanking: TypeAlias = Literal['return_at_bid', 'probability_weighted', 'wheel_score']
"""By what candidates are ranked. All three are shown beside each pick."""


@dataclass(kw_only=True)
class ScreenScores:
    """The three rankings of a contract, side by side."""

    return_at_bid: float
    """Return at the bid in percent per 7 days."""

    probability_weighted: float | None = None
    """That return times the risk-neutral probability of profit; none where there is no probability."""

    wheel_score: float | None = None
    """(1 − |delta|) · 250 / (dte + 5) · bid / strike; none where there is no delta."""


Sentiment: TypeAlias = Literal['positive', 'neutral', 'negative']
"""Tone of the news."""


Severity: TypeAlias = Literal['info', 'warning', 'critical']
"""How urgent a message is."""


@dataclass(kw_only=True)
class ShardTotals:
    """What a shard has done so far."""

    armed: int = 0
    """Alerts armed when the last watch ended."""

    firings: int = 0
    """Firings that were recorded by watches that have ended."""

    handovers: int = 0
    """How often its watch was handed over."""

    problem: str | None = None
    """Why the last watch failed."""

    seen_until: str | None = None
    """Market time up to which everything was seen when the last watch ended."""


@dataclass(kw_only=True)
class SnoozeAlert:
    """Keeps an alert, a kind of alerts or a symbol quiet."""

    until: str
    """Until when."""

    what: str
    """An alert's key, a kind (`delta_breach`) or a symbol."""


@dataclass(kw_only=True)
class SnoozePriceAlert:
    """Which alert to silence."""

    id: str
    """Its id."""

    until: str | None = None
    """Until when; none ends the silence."""


SpreadType: TypeAlias = Literal['bull_put', 'bear_call']
"""Which credit vertical."""


Stage: TypeAlias = Literal['chart', 'options', 'research', 'synthesis', 'save', 'notify']
"""A stage of the pipeline."""


StageState: TypeAlias = Literal['waiting', 'running', 'retrying', 'done', 'rejected', 'failed']
"""Where a stage is."""


@dataclass(kw_only=True)
class StoredAnalysis:
    """Where the whole result of an analysis is kept."""

    run_id: str
    """Its run."""

    workflow_id: str
    """The workflow."""


Strategy: TypeAlias = Literal['csp', 'covered_call', 'spread']
"""What to sell."""


StreamedKind: TypeAlias = Literal['quotes', 'trades', 'greeks']
"""A kind of event."""


StreamedSymbol: TypeAlias = str
"""A ticker, or an option contract by its OCC symbol."""


@dataclass(kw_only=True)
class StreamedSymbols:
    """Symbols of a message."""

    symbols: list[StreamedSymbol]
    """At most 500."""


Symbol: TypeAlias = str
"""
A ticker as the exchanges print it: upper case, 1 to 12 of `A-Z 0-9 . / - ^ _`, beginning with a letter, `^` or `_`.

Lower case and surrounding blanks are accepted and normalised; everything else is refused.
"""


SyncOutcome: TypeAlias = Literal['running', 'completed', 'partial', 'failed']
"""How a sync ended."""


SyncSource: TypeAlias = Literal['transactions', 'watchlists', 'metrics', 'earnings', 'daily_bars', 'files']
"""Where rows come from."""


@dataclass(kw_only=True)
class SyncSourceResult:
    """What `SyncSourceWorkflow` answers, and its status while it runs."""

    completed_at: str | None = None
    """When it was done, by the server's clock."""

    resources: list[ResourceSync] = field(default_factory=list)
    """The resources, in the order in which they were read."""

    rows_read: int = 0
    """Rows that the source gave, all resources together."""

    rows_unchanged: int = 0
    """Rows that were in the store as they are."""

    rows_written: int = 0
    """Rows that are new or changed."""

    source_name: SyncSource = 'transactions'
    """The source."""

    status: SyncOutcome = 'running'
    """How it ended."""

    warnings: list[str] = field(default_factory=list)
    """What else went wrong: the user could not be told."""


Timeframe: TypeAlias = Literal['intraday', 'daily', 'weekly']
"""The bars that are analysed."""


@dataclass(kw_only=True)
class TradeCondition:
    """One condition of a strategy, looked at."""

    holds: bool
    """Whether it holds."""

    name: str
    """Its name."""

    sentence: str
    """Why, for a trader."""


@dataclass(kw_only=True)
class TradeSummary:
    """A trade as it stands in the log. Money is dollars of the whole trade."""

    entry_credit: str | float = '0'
    """Received at the entry, negative paid."""

    exit_debit: str | float | None = None
    """Paid at the exit, negative received; none while it is open."""

    fees: str | float | None = None
    """Commissions and fees, where the broker said them."""

    id: str = ''
    """The trade."""

    profit: str | float | None = None
    """What it came to; of an assigned trade without its shares."""


TradingRunStatus: TypeAlias = Literal['complete', 'decided', 'notify_only', 'refused', 'not_approved', 'not_filled', 'handed_over']
"""How a trading run ended."""


TradingStrategy: TypeAlias = Literal['spy_spx', 'csp_entry']
"""Which strategy."""


TrendDirection: TypeAlias = Literal['up', 'down', 'sideways']
"""Direction of the trend."""


TrendQuality: TypeAlias = Literal['strong', 'moderate', 'weak']
"""How well the trend holds together."""


UserId: TypeAlias = str
"""A user's name: 1 to 64 letters, digits and `. _ @ -`, so that it fits into a workflow id and a search attribute."""


VolumeSpan: TypeAlias = Literal['day', 'bar']
"""Which volume."""


WhenLate: TypeAlias = Literal['run', 'notify_only', 'skip']
"""What a late run does."""


@dataclass(kw_only=True)
class AccountContext:
    """The account that would trade."""

    account_type: AccountType = 'cash'
    """Cash by default."""

    assignment_limit_pct: float | None = None
    """The most that assignment may tie up, percent of the capital, 1 to 1,000: 100 in cash, 50 on margin when none."""

    capital: float | None = None
    """Capital available for this position, in dollars; one contract and "unsized" when none."""

    defined_risk: bool = False
    """Whether the broker permits defined-risk spreads in a cash account."""


@dataclass(kw_only=True)
class AlertConditionPrice:
    """The price against a level."""

    kind: Literal['price'] = 'price'
    level: str | float
    """Dollars a share, over 0 and under 10,000,000."""

    when: PriceTrigger
    """On which side of it, or crossing it."""


@dataclass(kw_only=True)
class AlertConditionPercentMove:
    """The price against a named one."""

    direction: MoveDirection
    """Which way."""

    kind: Literal['percent_move'] = 'percent_move'
    percent: str | float
    """Percent of the base."""

    base: MoveBase = 'previous_close'
    """What it is measured from."""

    entry_price: str | float | None = None
    """Dollars a share that `entry` measures from."""


@dataclass(kw_only=True)
class AlertConditionPercentWithin:
    """The price against any of the last minutes."""

    direction: MoveDirection
    """Which way."""

    kind: Literal['percent_within'] = 'percent_within'
    minutes: int
    """1 to 390."""

    percent: str | float
    """Percent of the lowest or highest price of those minutes."""


@dataclass(kw_only=True)
class AlertConditionChannel:
    """The price against a range."""

    high: str | float
    """Dollars a share."""

    kind: Literal['channel'] = 'channel'
    low: str | float
    """Dollars a share."""

    when: ChannelTrigger
    """In it or outside, or entering or leaving it."""


@dataclass(kw_only=True)
class AlertConditionVolume:
    """Volume at or over a multiple of its average."""

    kind: Literal['volume'] = 'volume'
    ratio: str | float
    """Multiple of the average."""

    of: VolumeSpan = 'day'
    """The day's or one bar's."""


@dataclass(kw_only=True)
class AlertConditionDelta:
    """An option's |delta|, per contract."""

    delta: str | float
    """0 to 1."""

    kind: Literal['delta'] = 'delta'
    when: AlertSide
    """On which side."""


@dataclass(kw_only=True)
class AlertConditionIvRank:
    """The IV rank."""

    kind: Literal['iv_rank'] = 'iv_rank'
    rank: str | float
    """0 to 100."""

    when: AlertSide
    """On which side."""


@dataclass(kw_only=True)
class AlertConditionSpread:
    """(ask − bid)/mid."""

    kind: Literal['spread'] = 'spread'
    percent: str | float
    """Percent of the mid."""

    when: AlertSide
    """On which side."""


@dataclass(kw_only=True)
class AlertLeg:
    """One contract of several."""

    contract: OccSymbol
    """Its OCC symbol."""

    ratio: int
    """Contracts of it in one of the whole, negative where they are sold: −100 to 100, not 0."""


@dataclass(kw_only=True)
class AlertShardParams:
    """What a shard watches."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    shard: int = 0
    """Its number among the user's shards, from 0."""

    user_id: UserId = 'default'
    """Whose alerts."""


@dataclass(kw_only=True)
class AlertSubjectSymbol:
    """A share, a fund or an index."""

    kind: Literal['symbol'] = 'symbol'
    symbol: Symbol
    """Its ticker."""


@dataclass(kw_only=True)
class AlertSubjectOption:
    """One option contract."""

    contract: OccSymbol
    """Its OCC symbol."""

    kind: Literal['option'] = 'option'


@dataclass(kw_only=True)
class AlertSubjectLegs:
    """Contracts together, as one price: the amount of Σ ratio · mid, whether debit or credit."""

    kind: Literal['legs'] = 'legs'
    legs: list[AlertLeg]
    """Two to four of them."""


@dataclass(kw_only=True)
class AlertSubjectPositions:
    """Each option position that fits, as an alert of its own."""

    kind: Literal['positions'] = 'positions'
    right: OptionRight | None = None
    """Calls or puts only."""

    side: PositionSide | None = None
    """Short or long only."""

    underlying: Symbol | None = None
    """Of this symbol only."""


AlertSubject: TypeAlias = AlertSubjectSymbol | AlertSubjectOption | AlertSubjectWatchlist | AlertSubjectLegs | AlertSubjectPositions
"""What an alert watches."""


@dataclass(kw_only=True)
class Alternative:
    """Another contract, and why it is not the best."""

    contract: str
    """OCC symbol of the short contract."""

    credit: float
    """Credit in dollars a share, at the bid (a vertical's natural price)."""

    dte: int
    """Days to the last trade date."""

    expiration: str
    """Listed expiration."""

    reason: str
    """Why it lost."""

    right: OptionRight
    """Call or put."""

    role: str
    """
    Why it is shown, joined by `+`: `runner_up`, `beyond_level` (the best strike at or below the nearest support, for calls at or above the nearest
    resistance), `beyond_one_sd`, `locks_in_loss` (the best that is out for selling the shares under their cost).
    """

    strike: float
    """Strike of the short contract, in dollars."""

    weekly_roc: float
    """Percent per 7 days."""

    delta: float | None = None
    """|delta| is compared; this is signed."""

    distance_to_one_sd_atr: float | None = None
    """From one standard deviation under the price (for calls: over it) to the strike in average true ranges; negative below it."""

    distance_to_support_atr: float | None = None
    """From the nearest support (for calls: resistance) to the strike in average true ranges; negative below it."""

    long_contract: str | None = None
    """OCC symbol of the long contract of a vertical."""

    long_strike: float | None = None
    """Strike of the long contract of a vertical, in dollars."""

    probability_of_profit: float | None = None
    """Risk-neutral probability of profit, 0 to 1."""


@dataclass(kw_only=True)
class AnalysisParams:
    """What to analyse."""

    symbol: Symbol
    """Ticker."""

    type: AnalysisType
    """How far to go."""

    account: AccountContext = field(default_factory=lambda: AccountContext())
    """The account."""

    as_of: str | None = None
    """Market time of the analysis, from 1990 to 2099; the provider's now when none."""

    constraints: OptionsConstraints | None = None
    """Constraints; the defaults when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats."""

    model: ModelName | None = None
    """Model of an AI analyst, `provider/model`; the deterministic analyst when none."""

    notify: bool = True
    """Whether to notify."""

    notify_channels: list[ChannelName] = field(default_factory=list)
    """Channels to notify, up to 32; the configured default when empty."""

    position: PositionContext = field(default_factory=lambda: PositionContext())
    """What is held."""

    spread_type: SpreadType | None = None
    """Which vertical; bull put by default, bear call when the chart is bearish."""

    strategy: Strategy = 'csp'
    """Strategy; csp by default."""

    timeframe: Timeframe = 'daily'
    """Bars of the chart stage."""

    user_id: UserId = 'default'
    """Whose analysis it is."""

    width: float | None = None
    """Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none."""


@dataclass(kw_only=True)
class AutoRunScreen:
    """A screener, and what became of it."""

    name: str
    """Its name."""

    notified: bool
    """Whether its channels were told, or will be."""

    outcome: AutoRunOutcome
    """What became of it."""

    picks: int
    """Its picks."""

    user_id: UserId
    """Whose."""

    workflow_id: str
    """The workflow that ran it."""

    reason: str | None = None
    """Why it did not run, or what of it did not."""


@dataclass(kw_only=True)
class CashDividend:
    """A cash dividend per share, in dollars of its ex-date's shares unless said otherwise."""

    amount: float
    """Dollars a share."""

    ex_date: str
    """First session without it."""

    status: DividendStatus
    """Paid, declared or projected."""


@dataclass(kw_only=True)
class ChartAnalysisParams:
    """What to analyse."""

    symbol: Symbol
    """Ticker."""

    analysis_depth: AnalysisDepth = 'standard'
    """How much history; standard by default."""

    as_of: str | None = None
    """Market time of the analysis, from 1990 to 2099; the provider's now when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats."""

    include_chart_image: bool = True
    """Whether to draw and store an image; yes by default."""

    model: ModelName | None = None
    """Model of an AI analyst, `provider/model`; the deterministic analyst when none."""

    timeframe: Timeframe = 'daily'
    """Bars; daily by default."""

    user_id: UserId = 'default'
    """Whose analysis it is."""


@dataclass(kw_only=True)
class ChartAnalysisResult:
    """The chart analyst's answer."""

    as_of: str
    """Market time."""

    atr: float
    """Average true range over 14 bars, in dollars."""

    chart_notes: str
    """The text."""

    data_source: MarketSource
    """Whose prices."""

    evidence: list[Evidence]
    """Every number in the text."""

    extension_risk: ExtensionRisk
    """Extension."""

    fib_confluence_zones: list[ConfluenceZone]
    """Where Fibonacci levels and others agree, nearest first."""

    gaps: list[PriceGap]
    """Gaps that are still open, nearest first."""

    indicators: dict[str, float]
    """
    Indicators at the last bar, by name: `close`, `sma_20`, `sma_50`, `sma_200`, `year_high`, `all_time_high`, … in dollars;
    `rsi_14`, `adx_14`; `extension_atr` (close less SMA 20) and slopes in average true ranges; `hv_20`,
    `atr_14_percent`, `drawdown_percent` in percent. Absent where the history is too short.
    """

    price: float
    """The price at `as_of`, in dollars."""

    recommendation: ChartRecommendation
    """Verdict."""

    resistance_levels: list[PriceLevel]
    """Resistances, nearest first."""

    rule: str
    """Which rule gave the verdict: the verdict's word, a colon, the rule in words."""

    support_levels: list[PriceLevel]
    """Supports, nearest first."""

    symbol: str
    """Ticker."""

    tool_calls_made: int
    """Tools that a model called; 0 for the deterministic analyst."""

    trend_direction: TrendDirection
    """Direction."""

    trend_quality: TrendQuality
    """Quality."""

    warnings: list[str]
    """What a reader must know."""

    chart_image: ArtifactLink | None = None
    """The image, where asked for; it is drawn before the trade is known."""

    chart_scene: ArtifactLink | None = None
    """The image's scene as JSON: where everything is drawn, and `input`, what it is drawn from."""

    fibonacci: FibonacciSwing | None = None
    """The swing and its levels, where there is one."""

    model_use: ModelUse | None = None
    """The model's part, where one was asked for."""


@dataclass(kw_only=True)
class ChartContext:
    """What the chart stage hands to the options stage."""

    atr: float | None = None
    """Average true range, in dollars."""

    fib_confluence_zones: list[ConfluenceZone] = field(default_factory=list)
    """Confluence zones."""

    recommendation: ChartRecommendation | None = None
    """The chart's verdict."""

    resistance_levels: list[PriceLevel] = field(default_factory=list)
    """Resistances, nearest first."""

    support_levels: list[PriceLevel] = field(default_factory=list)
    """Supports, nearest first."""

    trend_direction: TrendDirection | None = None
    """Direction of the trend."""

    trend_quality: TrendQuality | None = None
    """Its quality."""


@dataclass(kw_only=True)
class DeliveryParams:
    """Whose open deliveries to drive."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    user_id: UserId = 'default'
    """The user."""


@dataclass(kw_only=True)
class DroppedCandidates:
    """Candidates that were dropped for one reason."""

    code: str
    """The reason by name: `earnings`, `roc`, `chart`, `failed`."""

    reason: str
    """The reason for a reader. Each candidate's own numbers are in the store."""

    symbols: list[Symbol]
    """Who."""


@dataclass(kw_only=True)
class EntityStatus:
    """The part of every entity's `status` that is the same for all."""

    accepted: int
    """Messages accepted in its whole life."""

    continuations: int
    """How often it has continued as a new run."""

    rejected: list[RejectedMessage]
    """The last 50 of them, oldest first."""

    rejected_total: int
    """Signals rejected in its whole life."""

    repeated: int
    """Messages that were sent again after they had been accepted."""

    state: EntityState
    """What it is doing."""

    waiting: int
    """Messages accepted and not yet applied."""

    next_turn_at: str | None = None
    """When it acts next without being asked."""


@dataclass(kw_only=True)
class FailedReport:
    """A user without a report."""

    error: str
    """Why."""

    user_id: UserId
    """Who."""


@dataclass(kw_only=True)
class FullAnalysisParams:
    """What to analyse."""

    symbol: Symbol
    """Ticker."""

    account: AccountContext = field(default_factory=lambda: AccountContext())
    """The account."""

    analysis_depth: AnalysisDepth = 'standard'
    """History of the chart stage."""

    as_of: str | None = None
    """Market time of the analysis, from 1990 to 2099; the provider's now when none."""

    brief: bool = False
    """Whether to answer in brief, under 2 kB: the verdict, the trade and the key of the whole result, which is in the store."""

    constraints: OptionsConstraints | None = None
    """Constraints; the defaults when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats."""

    include_chart_image: bool = True
    """Whether to draw and store an image."""

    model: ModelName | None = None
    """Model of an AI analyst, `provider/model`; the deterministic analyst when none."""

    position: PositionContext = field(default_factory=lambda: PositionContext())
    """What is held."""

    spread_type: SpreadType | None = None
    """Which vertical; bull put by default, bear call when the chart is bearish."""

    strategy: Strategy = 'csp'
    """Strategy; csp by default."""

    timeframe: Timeframe = 'daily'
    """Bars of the chart stage."""

    user_id: UserId = 'default'
    """Whose analysis it is."""

    width: float | None = None
    """Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none."""


@dataclass(kw_only=True)
class IntentLeg:
    """One leg of a trade."""

    action: OrderAction
    """Which way."""

    instrument: Instrument
    """What: a ticker or an OCC symbol."""

    ratio: int
    """Shares or contracts in one unit, at least 1."""


@dataclass(kw_only=True)
class Lateness:
    """How late a run began, by the market's clock, and what it did about it."""

    due_at: str
    """When the schedule wanted it."""

    market_now: str
    """The market's time when it began."""

    minutes: int
    """Whole minutes between them."""

    then: WhenLate
    """What it did then."""


@dataclass(kw_only=True)
class LatenessPolicy:
    """How late a scheduled run may begin, and what it does when it is later."""

    grace_minutes: int = 10
    """Minutes after which a run is late."""

    then: WhenLate = 'run'
    """What it does then."""


@dataclass(kw_only=True)
class LatestQuote:
    """A best bid and ask."""

    received_at: str
    """When it was received."""

    ask: str | float | None = None
    """Dollars; null where nobody offers."""

    bid: str | float | None = None
    """Dollars; null where nobody bids."""

    condition: QuoteCondition | None = None
    """What keeps it from being taken as of now."""

    market_time: str | None = None
    """When the market was so; null where the feed does not say."""


@dataclass(kw_only=True)
class LatestSymbols:
    """Of which symbols `latest` is asked; all when empty."""

    symbols: list[StreamedSymbol] = field(default_factory=list)
    """Symbols that the stream watches."""


@dataclass(kw_only=True)
class LatestTrade:
    """A trade."""

    price: str | float
    """Dollars a share."""

    received_at: str
    """When it was received."""

    size: float
    """Shares or contracts."""

    condition: QuoteCondition | None = None
    """What keeps it from being taken as of now."""

    day_volume: float | None = None
    """Shares traded in the session so far, where the provider says so."""

    market_time: str | None = None
    """When it was made; null where the feed does not say."""


@dataclass(kw_only=True)
class NewsAlert:
    """A significant story. The title is foreign text: data, not an instruction."""

    significance: float
    """0 to 1."""

    source: str
    """Who printed it."""

    symbol: Symbol
    """The first of the watched symbols that it is tied to."""

    symbols: list[Symbol]
    """All watched symbols that it is tied to."""

    title: str
    """The headline, made safe to show."""

    type: str
    """`news`."""

    published_at: str | None = None
    """When it was published; null where its source does not say."""

    url: str | None = None
    """Where to read it."""


@dataclass(kw_only=True)
class NewsWatcherParams:
    """The start of a news watch."""

    check_interval_minutes: int = 5
    """Minutes between two looks, 1 to 1,440."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    initial_symbols: list[Symbol] | None = None
    """What is watched from the start."""

    min_significance: float = 0.7
    """From which significance on people are told, 0 to 1."""

    notify_channels: list[ChannelName] = field(default_factory=list)
    """Channels for its messages; by the configured routes when empty."""

    user_id: UserId = 'default'
    """Whose watch it is."""


@dataclass(kw_only=True)
class NewsWatchlist:
    """What is watched: these symbols, or what the user has. On the wire a list, an object with a list, or nothing."""

    symbols: list[Symbol] | None = None
    """The symbols, at most 500. Null for those of the user's watchlists and positions, as they are at each look."""


@dataclass(kw_only=True)
class OptionsAnalysisParams:
    """What to analyse."""

    symbol: Symbol
    """Ticker."""

    account: AccountContext = field(default_factory=lambda: AccountContext())
    """The account."""

    as_of: str | None = None
    """Market time of the analysis, from 1990 to 2099; the provider's now when none."""

    chart_context: ChartContext | None = None
    """From the chart analysis; without it the chart's levels are computed here."""

    constraints: OptionsConstraints | None = None
    """Constraints; the defaults when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats."""

    model: ModelName | None = None
    """Model of an AI analyst, `provider/model`; the deterministic analyst when none."""

    position: PositionContext = field(default_factory=lambda: PositionContext())
    """What is held."""

    spread_type: SpreadType | None = None
    """Which vertical; bull put by default, bear call when the chart is bearish."""

    strategy: Strategy = 'csp'
    """Strategy; csp by default."""

    user_id: UserId = 'default'
    """Whose analysis it is."""

    width: float | None = None
    """Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none."""


@dataclass(kw_only=True)
class PortfolioAlert:
    """An alert of a watch: a rule that has become true of a subject, or is false again."""

    cleared: bool
    """Whether it is over; else it has become true."""

    key: str
    """The alert's key: its type, its subject and its limit."""

    message: str
    """What there is to say."""

    severity: Severity
    """How urgent it is."""

    threshold: float
    """The limit."""

    timestamp: str
    """When."""

    type: RuleKind
    """Its type."""

    symbol: Symbol | None = None
    """The underlying, where it is about one."""

    value: float | None = None
    """The value, in the kind's unit."""


@dataclass(kw_only=True)
class PortfolioRule:
    """A rule."""

    kind: RuleKind
    """What it watches; `type` is accepted, too."""

    threshold: float
    """Its limit, in the unit of its kind."""

    cool_down_minutes: int | None = None
    """Minutes from an alert during which the same one is not raised again; by its kind unless given."""

    hysteresis: float | None = None
    """How far the value must go back beyond the limit until the alert is over, in the kind's unit; by its kind unless given."""

    severity: Severity | None = None
    """How urgent an alert of it is; by its kind unless given."""

    symbol: Symbol | None = None
    """Only positions of this underlying; every one without it."""


@dataclass(kw_only=True)
class PositionMonitorParams:
    """Params of `PositionMonitorWorkflow`: the position that was opened."""

    account_id: str
    """The account."""

    entry_credit: str | float
    """Dollars a share received for one unit, negative paid."""

    expiration: str
    """The day on which its options expire."""

    id: str
    """The trade: the client order id of the order that opened it first."""

    legs: list[IntentLeg]
    """What was opened: 1 to 4 legs of one unit."""

    opened_at: str
    """When it was opened, by the market's clock."""

    quantity: int
    """Units that are open."""

    check_interval_minutes: int = 5
    """Minutes between two looks at its prices, 1 to 60."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    exit: Any = None
    """When it is left, as the rules of exits read it; the default plan of a short option when null."""

    exit_orders: list[str] = field(default_factory=list)
    """The client order ids of the orders that closed something of it; not set by a starter."""

    exits: int = 0
    """Exits that were tried before this run; not set by a starter."""

    limits: RunLimits = field(default_factory=lambda: RunLimits())
    """Limits of the run that opened it."""

    notify_channels: list[ChannelName] = field(default_factory=list)
    """Channels to be told; by the user's routes when none."""

    order_ids: list[str] = field(default_factory=list)
    """The client order ids of the orders that opened it."""

    strategy: TradingStrategy = 'spy_spx'
    """The strategy that opened it."""

    user_id: UserId = 'default'
    """Whose."""


@dataclass(kw_only=True)
class PriceAlertStatus:
    """The router's `status`, and its farewell."""

    entity: EntityStatus
    """What every entity says."""

    listed: int
    """How many alerts `get_alerts` answers with."""

    router: RouterState
    """What it has done."""

    truncated: bool
    """Whether there are more than `get_alerts` answers with."""


@dataclass(kw_only=True)
class QuoteStreamParams:
    """What a quote stream watches."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    kinds: list[StreamedKind] = field(default_factory=list)
    """Which kinds of events; all when empty."""

    symbols: list[StreamedSymbol] = field(default_factory=list)
    """Symbols from the start, at most 500; more and fewer by signal."""

    user_id: UserId = 'default'
    """Whose stream."""


@dataclass(kw_only=True)
class QuoteStreamState:
    """What a quote stream remembers from run to run."""

    events: int = 0
    """Events of watches that have ended."""

    gaps: int = 0
    """Gaps of watches that have ended."""

    handovers: int = 0
    """How often its watch was handed over."""

    health: QuoteStreamHealth = field(default_factory=lambda: QuoteStreamHealth())
    """How the stream was when it was last heard of: by a handover, or by `latest`."""

    problem: str | None = None
    """Why the last watch failed."""

    symbols: list[StreamedSymbol] = field(default_factory=list)
    """What it watches."""


@dataclass(kw_only=True)
class QuoteStreamStatus:
    """A quote stream's `status`, and its farewell."""

    entity: EntityStatus
    """What every entity says."""

    state: QuoteStreamState
    """What it watches and has done."""


@dataclass(kw_only=True)
class ReportRound:
    """What a run for everyone has come to."""

    after: UserId | None = None
    """The last user whose report was begun."""

    failed: int = 0
    """Users whose report failed."""

    failures: list[FailedReport] = field(default_factory=list)
    """Of those the first 20, with why."""

    reports: int = 0
    """Users whose report was made."""


@dataclass(kw_only=True)
class ResearchAnalysisParams:
    """What to analyse."""

    symbol: Symbol
    """Ticker."""

    as_of: str | None = None
    """Market time of the analysis, from 1990 to 2099; the provider's now when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats."""

    horizon: str | None = None
    """The last day that a position would live to; earnings up to it count."""

    model: ModelName | None = None
    """Model of an AI analyst, `provider/model`; the deterministic analyst when none."""

    unknown_earnings: EarningsPolicy = 'warn'
    """What to do when nobody says when earnings are."""

    user_id: UserId = 'default'
    """Whose analysis it is."""


@dataclass(kw_only=True)
class ResearchAnalysisResult:
    """The research analyst's answer."""

    as_of: str
    """Market time."""

    data_source: MarketSource
    """Whose data."""

    earnings_known: bool
    """Whether an earnings date is known at all."""

    earnings_risk: RiskLevel
    """From the next earnings report."""

    evidence: list[Evidence]
    """Every number in the text."""

    news_risk: RiskLevel
    """From the news."""

    recommendation: ResearchRecommendation
    """Verdict."""

    red_flags: list[str]
    """The red flags, one sentence each."""

    research_notes: str
    """The text."""

    rule: str
    """Which rule gave the verdict."""

    sentiment: Sentiment
    """Tone of the news."""

    short_interest_risk: RiskLevel
    """From short interest."""

    symbol: str
    """Ticker."""

    unknowns: list[str]
    """What could not be looked at, and why."""

    warnings: list[str]
    """What a reader must know."""

    earnings_confirmed: bool | None = None
    """Whether the company confirmed its date; an estimate may be a week off either way. None where no date is known."""

    model_use: ModelUse | None = None
    """The model's part, where one was asked for."""

    next_earnings: str | None = None
    """Next earnings report, where known."""

    stories: int | None = None
    """Stories of the news window; none where the provider keeps no news."""


@dataclass(kw_only=True)
class RetentionParams:
    """Params of `RetentionWorkflow`. How long what is kept is the worker's configuration: `[store]`."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    user_id: UserId = 'default'
    """Who asked for it; the store is everybody's."""


@dataclass(kw_only=True)
class RolledTo:
    """The position that a roll opens."""

    expiration: str
    """The day on which its options expire."""

    legs: list[IntentLeg]
    """Its legs."""


@dataclass(kw_only=True)
class RunReportParams:
    """Params of `RunReportWorkflow`."""

    report_name: ReportName
    """The report."""

    channel: OneOrMore | None = None
    """A channel or up to 32 of them; where the user's routes lead when none."""

    date: str | None = None
    """
    The day in New York, from 1990 to 2099; as of now when none. A past day's report has what was known by that day's end, its
    briefing what was known by 09:30.
    """

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    everyone: bool = False
    """
    One report each of all users whom it concerns, instead of `user_id`'s: with `morning_alert` set the briefing, with open
    positions the summary, with positions open or closed the daily report and the weekly review.
    """

    send: bool = True
    """Whether it is sent; it is saved in any case."""

    user_id: UserId = 'default'
    """Whose report."""


@dataclass(kw_only=True)
class RunReportResult:
    """What `RunReportWorkflow` answers; the report itself is in the store."""

    analyses_count: int | None = None
    """Analyses of the day, of a weekly review of the week; none where the store did not say."""

    artifacts: list[ArtifactLink] = field(default_factory=list)
    """The report as HTML and as Markdown."""

    as_of: str | None = None
    """Market time; nothing after it was read."""

    daily_pnl: float | None = None
    """Dollars won that day on what is held; none where that is not known of every position."""

    data_source: MarketSource | None = None
    """Where the prices are from."""

    day: str | None = None
    """The day that it is about, in New York."""

    evidence: list[Evidence] = field(default_factory=list)
    """The numbers that the summary mentions."""

    positions: int | None = None
    """Positions held; none where they are not known."""

    report: str | None = None
    """Its id in the store; none of a run for everyone."""

    report_name: ReportName = 'daily_report'
    """The report."""

    round: ReportRound | None = None
    """Of a run for everyone: what it came to."""

    sent_to: list[str] = field(default_factory=list)
    """The channels that it goes to."""

    summary: list[str] = field(default_factory=list)
    """It in a few lines."""

    title: str = ''
    """Its title."""

    warnings: list[str] = field(default_factory=list)
    """What could not be read, a sentence each."""


@dataclass(kw_only=True)
class ScheduledSyncResult:
    """What `ScheduledSyncWorkflow` answers, and its status while it runs."""

    due_at: str | None = None
    """When the schedule said that it was due; none where somebody started it."""

    sources: list[SyncSourceResult] = field(default_factory=list)
    """The sources in their order. Of a source that was read whole only the totals are here."""

    status: SyncOutcome = 'running'
    """How it ended."""


@dataclass(kw_only=True)
class ScreenChanges:
    """How the picks differ from those of the screen's run before."""

    better: list[Symbol] = field(default_factory=list)
    """Picks of both that rank higher by their value now."""

    gone: list[Symbol] = field(default_factory=list)
    """Picks of it that are none any more."""

    new: list[Symbol] = field(default_factory=list)
    """Picks that it had not."""

    since: StoredAnalysis | None = None
    """The workflow of that run; none where there was none."""

    since_as_of: str | None = None
    """When that run looked at the market."""

    worse: list[Symbol] = field(default_factory=list)
    """Picks of both that rank lower by their value now."""


@dataclass(kw_only=True)
class ScreenPick:
    """What is said of a pick beside its analysis."""

    collateral: str | float
    """Dollars that they bind."""

    contracts: int
    """Contracts that fit beside the picks before it."""

    limit: str
    """Why not more, for a reader."""

    scores: ScreenScores
    """The three rankings."""

    symbol: Symbol
    """Ticker."""

    observed: ObservedFrequency | None = None
    """How often the price stayed on the right side of the same distance in the past."""


@dataclass(kw_only=True)
class ScreenProgress:
    """Where a screen is: its `status`."""

    analyzed: int = 0
    """Full analyses that are done."""

    analyzing: list[Symbol] = field(default_factory=list)
    """Full analyses under way."""

    candidates: int = 0
    """Candidates."""

    dropped: int = 0
    """Candidates that were dropped or failed."""

    picks: list[Symbol] = field(default_factory=list)
    """Picks so far."""

    quick_analyzed: int = 0
    """Quick analyses that are done."""

    step: str = ''
    """What it is doing."""

    working_ms: int = 0
    """Milliseconds of working time."""


@dataclass(kw_only=True)
class ScreenRun:
    """Which run of which screen results belong to."""

    run_id: str
    """Its run."""

    screen: str
    """The screen's name: its runs are compared with each other."""

    user_id: UserId
    """Whose."""

    workflow_id: str
    """The workflow."""


@dataclass(kw_only=True)
class ScreenerCriteria:
    """What a candidate must be, and which trade is sought."""

    dte_max: int = 45
    """Most calendar days to the last trade date; 45 by default."""

    dte_min: int = 14
    """Fewest calendar days to the last trade date; 14 by default."""

    exclude_earnings: bool = True
    """Whether expirations beyond an earnings report are out; yes by default."""

    exclude_symbols: list[Symbol] = field(default_factory=list)
    """Never a candidate, at most 1,000."""

    include_funds: bool = False
    """Whether a scan finds funds, too; no by default."""

    include_symbols: list[Symbol] = field(default_factory=list)
    """Candidates beside the scan's, at most 1,000."""

    max_candidates: int = 500
    """Most candidates of the scan, 1 to 1,000; 500 by default."""

    max_delta: float = 0.3
    """Largest |delta| of the short contract, 0 to 1; 0.3 by default."""

    max_price: float | None = None
    """Highest price in dollars; 100 for a scan and none for a list when none."""

    max_spread_pct: float = 10.0
    """Widest bid–ask spread in percent of the mid; 10 by default."""

    min_credit_pct: float = 20.0
    """Smallest credit of a vertical in percent of its width; 20 by default."""

    min_iv_rank: float | None = None
    """Least IV rank, 0 to 100; none when none. A rank that is not known does not drop a candidate."""

    min_market_cap: float | None = None
    """Least market capitalisation in dollars; a bound of the scan, refused beside `symbols`. No bound when none."""

    min_open_interest: int = 100
    """Smallest open interest in contracts; 100 by default."""

    min_price: float | None = None
    """Lowest price in dollars; 5 for a scan and none for a list when none."""

    min_roc_weekly: float = 0.5
    """Smallest return at the bid in percent per 7 calendar days; 0.5 by default."""

    min_volume: int | None = None
    """Least average daily volume in shares; 1,000,000 for a scan and none for a list when none."""

    sectors: list[str] = field(default_factory=list)
    """Sectors as the scan's provider names them, refused beside `symbols`; all when empty."""

    strategy: Strategy = 'csp'
    """Strategy; csp by default."""

    symbols: list[Symbol] = field(default_factory=list)
    """Only these symbols, at most 1,000, and no scan; the scan's when empty."""

    unknown_earnings: EarningsPolicy = 'warn'
    """What to do when the date is unknown: `exclude`, `warn` (default) or `allow`."""

    unknown_open_interest: OpenInterestPolicy = 'warn'
    """What to do where a chain reports no open interest at all; `warn` by default."""


@dataclass(kw_only=True)
class ScreenerParams:
    """A screen by criteria, or of given symbols."""

    account: AccountContext = field(default_factory=lambda: AccountContext())
    """The account that would trade."""

    as_of: str | None = None
    """Market time; the provider's now when none."""

    criteria: ScreenerCriteria = field(default_factory=lambda: ScreenerCriteria())
    """The criteria; their defaults when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    lateness: LatenessPolicy = field(default_factory=lambda: LatenessPolicy())
    """What a run of a schedule does where it begins late."""

    max_concurrent: int = 5
    """Batches of analyses that are under way at the same time, 1 to 20; 5 by default."""

    max_symbols: int = 50
    """Most candidates that are analysed, 1 to 1,000; 50 by default."""

    ranking: ScreenRanking | None = None
    """
    By what the results are ranked; by a score when none: 4 for a strong select, 3 for a select, 1 for a watchlist, and a
    tenth of the chart's points.
    """

    screener_id: str | None = None
    """The screen's name: its runs are compared with each other."""

    strategy: Strategy | None = None
    """The strategy; the criteria's when none."""

    symbols: list[Symbol] = field(default_factory=list)
    """Only these symbols, instead of the criteria's."""

    user_id: UserId = 'default'
    """Whose screen."""


@dataclass(kw_only=True)
class SourceToSync:
    """One source of a scheduled sync: its name, or its name with some of its resources."""

    source_name: SyncSource
    """The source."""

    resources: list[str] | None = None
    """Which of its resources; all that there are when none."""


@dataclass(kw_only=True)
class StageProgress:
    """One stage."""

    failed_answers: int
    """Failed answers so far."""

    lost_attempts: int
    """Attempts lost with their worker."""

    note: str
    """The last failure, or what came out."""

    stage: Stage
    """Which."""

    state: StageState
    """Where it is."""


@dataclass(kw_only=True)
class SuggestedPosition:
    """A position that the analysis suggests."""

    ask: float
    """Ask of the short contract."""

    bid: float
    """Bid of the short contract."""

    breakeven: float
    """Price of the underlying at which nothing is lost at expiration."""

    buy_write: bool
    """Whether the shares of a covered call are bought with it."""

    cash_required: float
    """Cash that all contracts bind in a cash account, in dollars."""

    collateral: float
    """Cash or margin that all contracts bind, in dollars."""

    contract: str
    """OCC symbol of the short contract."""

    contracts: int
    """How many contracts; 0 where the capital carries none."""

    credit: float
    """Credit in dollars a share at the natural price (the short bid, less the long ask)."""

    dte: int
    """Days to the last trade date."""

    ex_dates: list[CashDividend]
    """Ex-dates that a short call lives through: the days before which early assignment is likely."""

    exit_plan: list[ExitTrigger]
    """When to leave."""

    expiration: str
    """Listed expiration."""

    last_trade_date: str
    """Last session in which it trades."""

    locks_in_loss: bool
    """Whether assignment of a covered call would lock in a loss against the cost basis."""

    max_loss: float
    """Dollars at worst, all contracts, positive."""

    max_profit: float
    """Dollars at best, all contracts."""

    net_of_premium: float
    """The same less the credit."""

    regt_margin: float
    """Reg-T initial margin of all contracts, in dollars."""

    roc_annual: float
    """Percent per 365 days, simple."""

    roc_annual_compound: float
    """Percent per 365 days, compounded."""

    roc_period: float
    """Percent over the period."""

    roc_weekly: float
    """Percent per 7 days, simple."""

    sizing: str
    """
    `sized` by the capital or the shares held, `unsized` (one contract, capital unknown), or `too_small` (the capital carries none; the dollar figures are those of
    one contract).
    """

    strategy: Strategy
    """Strategy."""

    strike: float
    """Strike of the short contract."""

    assignment_limit_pct: float = 0.0
    """The most capital that assignment may tie up, percent of the capital."""

    at_assignment: float = 0.0
    """
    Dollars that all contracts bind once they are assigned: the strikes in cash, half of them on margin; `collateral` where assignment needs no
    more.
    """

    delta: float | None = None
    """Delta of one short share, signed."""

    events: list[str] = field(default_factory=list)
    """What happens before its expiration and touches it: earnings, an ex-date of a short call, an event that options are pricing in."""

    if_called_return: float | None = None
    """If-called return of a covered call, in percent."""

    iv: float | None = None
    """Implied volatility of the short contract, a fraction."""

    long_contract: str | None = None
    """OCC symbol of the long contract of a vertical."""

    long_strike: float | None = None
    """Strike of the long contract."""

    loss_on_20_pct_move: float = 0.0
    """Dollars lost at expiration after a move of 20 % against the position, all contracts, positive."""

    open_interest: int | None = None
    """Open interest of the short contract."""

    probability_of_profit: float | None = None
    """Risk-neutral probability of profit at expiration, 0 to 1."""

    spread_pct: float | None = None
    """Bid–ask spread in percent of the mid."""


@dataclass(kw_only=True)
class SyncSourceParams:
    """Params of `SyncSourceWorkflow`."""

    source_name: SyncSource
    """The source."""

    backfill: bool = False
    """Whether a provider's own history is taken in where the source has one: past volatilities of `metrics`."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    notify_on_failure: bool = True
    """Whether the user hears of it when a resource could not be read."""

    notify_on_success: bool = False
    """Whether the user hears of it when all is well."""

    resources: list[str] | None = None
    """Which of its resources, at most 500; all that there are when none."""

    user_id: UserId = 'default'
    """Whose accounts, lists and files."""


@dataclass(kw_only=True)
class TradeFacts:
    """What a strategy decides by."""

    account_id: str = ''
    """The account."""

    as_of: str | None = None
    """The market's time."""

    broker: str = ''
    """The broker."""

    data_source: MarketSource | None = None
    """Which market."""

    facts: Any = None
    """The facts, in the strategy's own shape; stored with the decision."""

    lateness: Lateness | None = None
    """How late the run is; none where it is not."""

    paper: bool = False
    """Whether no real money is in it."""

    strategy: TradingStrategy = 'spy_spx'
    """For which strategy."""


@dataclass(kw_only=True)
class TradeOrder:
    """An order as a run knows it."""

    account_id: str
    """The account."""

    balanced: bool
    """Whether the legs are filled in their ratio."""

    broker: str
    """The broker."""

    filled: str | float
    """Units of which every leg is filled."""

    id: str
    """The client order id, by which the broker knows it."""

    legs: list[IntentLeg]
    """What."""

    limit: NetPrice
    """The limit of one unit, dollars a share."""

    paper: bool
    """Whether no real money is in the account."""

    phase: OrderPhase
    """Where it stands."""

    purpose: OrderPurpose
    """Why it is sent."""

    quantity: int
    """Units ordered."""

    sentence: str
    """Why it did not go on, or what became of it, for a trader."""

    sequence: int
    """The number of the order for this purpose and leg, from 0."""

    strategy: TradingStrategy
    """The strategy."""

    approval_seconds: int = 0
    """Seconds from this answer to that time, on the server's clock."""

    approval_until: str | None = None
    """Until when it may be approved, or used once it is; none where it was not asked for."""

    approved_by: str | None = None
    """Who approved it; none while nobody did."""

    average_price: str | float | None = None
    """Average price of what was filled, dollars a share of one unit: positive paid, negative received. None while nothing is."""

    checks: list[OrderCheck] = field(default_factory=list)
    """What the risk gate said; empty before it was asked."""

    leg: int | None = None
    """Which step of the legging plan; none for an order of all legs."""

    prices: OrderPrices | None = None
    """How far it gives way; none where an answer does not say it anew."""

    risk: str | float | None = None
    """Dollars that it may lose; none where not known."""


@dataclass(kw_only=True)
class UpdateJournalParams:
    """Params of `UpdateJournalWorkflow`."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    user_id: UserId | None = None
    """Whose journal; everybody's when none."""


@dataclass(kw_only=True)
class AlertShardStatus:
    """A shard's `status`, and its farewell."""

    entity: EntityStatus
    """What every entity says."""

    totals: ShardTotals
    """What it has done."""


@dataclass(kw_only=True)
class AnalysisProgress:
    """The whole analysis."""

    stages: list[StageProgress]
    """The stages in order."""

    symbol: str
    """Ticker."""

    working_ms: int
    """Working time so far, in milliseconds."""

    drill: bool = False
    """Whether the run is an exercise in which deaths are noticed fast."""

    market: str | None = None
    """`live`, `delayed`, `recorded` or `simulated`; none before a stage has read the market."""


@dataclass(kw_only=True)
class AutoRunScreenersParams:
    """Every user's saved screeners that run by themselves."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    lateness: LatenessPolicy = field(default_factory=lambda: LatenessPolicy())
    """What it does where it begins late."""

    max_concurrent: int = 3
    """Screeners that run at the same time, 1 to 20; 3 by default."""

    max_symbols: int = 50
    """Most candidates of each screener, 1 to 1,000; 50 by default."""

    user_id: UserId | None = None
    """Only this user's; everybody's when none."""


@dataclass(kw_only=True)
class AutoRunScreenersResult:
    """What became of all of them."""

    completed: int = 0
    """Screeners that ran to their end."""

    due_at: str | None = None
    """When the schedule wanted it; none where somebody started it."""

    failed: int = 0
    """Screeners that failed."""

    lateness: Lateness | None = None
    """How late it began; none where it was not."""

    screens: list[AutoRunScreen] = field(default_factory=list)
    """Each of them, in the order in which they ended."""

    skipped: int = 0
    """Screeners whose run before is still under way."""

    warnings: list[str] = field(default_factory=list)
    """What a reader must know."""


@dataclass(kw_only=True)
class CSPScreenerParams:
    """A screen for puts to sell."""

    account: AccountContext = field(default_factory=lambda: AccountContext())
    """The account that would trade. Its `capital` stands instead of a broker's buying power."""

    account_id: str | None = None
    """The broker's account whose buying power and positions count; the first one when none and no capital is stated."""

    as_of: str | None = None
    """Market time, from 1990 to 2099; the provider's now when none."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    dte_max: int = 45
    """Most calendar days to the last trade date; 45 by default."""

    dte_min: int = 14
    """Fewest calendar days to the last trade date; 14 by default."""

    due_at: str | None = None
    """When a schedule wanted the run, where its parent knows; its own schedule's time when none."""

    exclude_earnings: bool = True
    """Whether expirations beyond an earnings report are out; yes by default."""

    exclude_symbols: list[Symbol] = field(default_factory=list)
    """Never a candidate, at most 1,000."""

    include_chart_image: bool = True
    """Whether full analyses draw their charts; yes by default."""

    include_funds: bool = False
    """Whether a scan finds funds, too; no by default."""

    include_symbols: list[Symbol] = field(default_factory=list)
    """Candidates beside the scan's, at most 1,000."""

    lateness: LatenessPolicy = field(default_factory=lambda: LatenessPolicy())
    """What a run of a schedule does where it begins late."""

    max_candidates: int = 500
    """Most candidates of the scan, 1 to 1,000; 500 by default."""

    max_candidates_to_analyze: int = 20
    """Most full analyses, 1 to 100; 20 by default. Quick ones are not counted."""

    max_concurrent: int = 5
    """Batches of quick analyses, and full analyses, that are under way at the same time, 1 to 20; 5 by default."""

    max_delta: float = 0.3
    """Largest |delta| of the short contract, 0 to 1; 0.3 by default."""

    max_picks: int = 5
    """Picks after which no more full analyses are started, 1 to 50; 5 by default."""

    max_price: float | None = None
    """Highest price in dollars; 100 for a scan and none for a list when none."""

    max_spread_pct: float = 10.0
    """Widest bid–ask spread in percent of the mid; 10 by default."""

    max_symbol_pct: float | None = None
    """
    The most in one symbol, existing positions included, in percent of net liquidation (of a stated capital), 1 to 100; 20 when none,
    and no cap on a stated capital.
    """

    min_credit_pct: float = 20.0
    """Smallest credit of a vertical in percent of its width; 20 by default."""

    min_iv_rank: float | None = None
    """Least IV rank, 0 to 100; none when none. A rank that is not known does not drop a candidate."""

    min_market_cap: float | None = None
    """Least market capitalisation in dollars; a bound of the scan, refused beside `symbols`. No bound when none."""

    min_open_interest: int = 100
    """Smallest open interest in contracts; 100 by default."""

    min_price: float | None = None
    """Lowest price in dollars; 5 for a scan and none for a list when none."""

    min_roc_weekly: float = 0.5
    """Smallest return at the bid in percent per 7 calendar days; 0.5 by default."""

    min_volume: int | None = None
    """Least average daily volume in shares; 1,000,000 for a scan and none for a list when none."""

    model: ModelName | None = None
    """Model of the AI analysts in full analyses, `provider/model`; the deterministic analysts when none."""

    ranking: ScreenRanking = 'return_at_bid'
    """By what the picks are ranked: `return_at_bid` (default), `probability_weighted` or `wheel_score`."""

    screener_id: str | None = None
    """
    The screen's name, 1 to 128 bytes: its runs are compared with each other. A screen without one is compared with runs of the
    same criteria.
    """

    sectors: list[str] = field(default_factory=list)
    """Sectors as the scan's provider names them, refused beside `symbols`; all when empty."""

    symbols: list[Symbol] = field(default_factory=list)
    """Only these symbols, at most 1,000, and no scan; the scan's when empty."""

    unknown_earnings: EarningsPolicy = 'warn'
    """What to do when the date is unknown: `exclude`, `warn` (default) or `allow`."""

    unknown_open_interest: OpenInterestPolicy = 'warn'
    """What to do where a chain reports no open interest at all; `warn` by default."""

    user_id: UserId = 'default'
    """Whose screen."""


@dataclass(kw_only=True)
class DailyTradingParams:
    """Params of `DailyTradingWorkflow`."""

    account_id: str = ''
    """The broker's number of the account; the first one when empty."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    dry_run: bool = False
    """Whether it only decides: nothing is ordered."""

    lateness: LatenessPolicy = field(
        default_factory=lambda: LatenessPolicy(then='notify_only')
    )
    """What a scheduled run does that begins late; it tells its decision and orders nothing unless told otherwise."""

    limits: RunLimits = field(default_factory=lambda: RunLimits())
    """Limits of this run."""

    notify_channels: list[ChannelName] = field(default_factory=list)
    """Channels to be told; by the user's routes when none."""

    screen: str | None = None
    """The screen whose best pick of the day is written, by its name among the user's; any of today's when none."""

    strategy: TradingStrategy = 'spy_spx'
    """Which strategy decides; `spy_spx` by default."""

    user_id: UserId = 'default'
    """Whose account."""


@dataclass(kw_only=True)
class DecidedTrade:
    """The trade that was decided."""

    exit: Any
    """When it is left, as the rules of exits read it."""

    expiration: str
    """The day on which its options expire."""

    legs: list[IntentLeg]
    """What: 1 to 4 legs."""

    limit: NetPrice
    """The mid of one unit, dollars a share."""

    quantity: int
    """Units."""

    worst: NetPrice
    """The worst price at which it is still worth it."""


@dataclass(kw_only=True)
class DeliveryStatus:
    """The answer of the query `status`, and the farewell."""

    entity: EntityStatus
    """What every entity says."""

    totals: DeliveryTotals
    """What became of the deliveries."""


@dataclass(kw_only=True)
class ExitAdvice:
    """What is to be done about a position."""

    legs: list[IntentLeg]
    """The legs of the order."""

    purpose: OrderPurpose
    """Close it, or roll it."""

    quantity: int
    """Units."""

    rule: str
    """Which rule says so."""

    sentence: str
    """Why, for a trader."""

    legs_left: int | None = None
    """
    Of a position whose legs no broker takes in one order: the legs that are still held once this one's order is filled. None where
    the order is of the whole position.
    """

    successor: RolledTo | None = None
    """The position that a roll opens."""

    worst: NetPrice | None = None
    """The worst price; as far as the configured walk goes when none."""


@dataclass(kw_only=True)
class FreeCapital:
    """What new positions may bind. Dollars are decimals as text."""

    free: str | float | None = None
    """Dollars that all new positions together may bind; none where nothing is known."""

    held: dict[str, str | float] = field(default_factory=dict)
    """Dollars that positions in a symbol bind already."""

    lateness: Lateness | None = None
    """How late the run is; none where it is not, and where nobody wants to know."""

    problems: list[str] = field(default_factory=list)
    """What could not be read, a sentence each."""

    source: str = ''
    """Where it is from, for a reader: `the buying power of account 5WT00001`."""

    symbol_cap: str | float | None = None
    """The most that one symbol may bind, existing positions included; none without a cap."""

    symbol_cap_pct: float | None = None
    """The cap in percent."""


@dataclass(kw_only=True)
class LatestOfSymbol:
    """What came last of a symbol. What has not come is null."""

    symbol: StreamedSymbol
    """Which."""

    greeks: LatestGreeks | None = None
    """The Greeks of a contract."""

    halted: bool | None = None
    """Whether trading is halted, where the stream says so."""

    quote: LatestQuote | None = None
    """The best bid and ask."""

    source: str | None = None
    """Which stream said so."""

    trade: LatestTrade | None = None
    """The last trade that sets the price."""


@dataclass(kw_only=True)
class LatestValues:
    """What came last of a stream's symbols, and how it is."""

    from_watch: bool = False
    """Whether it comes from the process that watches; another one has looked for itself."""

    health: QuoteStreamHealth = field(default_factory=lambda: QuoteStreamHealth())
    """How the stream is."""

    unknown: list[StreamedSymbol] = field(default_factory=list)
    """Symbols that were asked for and are not watched."""

    values: list[LatestOfSymbol] = field(default_factory=list)
    """One a symbol, in the stream's order."""


@dataclass(kw_only=True)
class NewsWatch:
    """What a watch carries from run to run. What was seen is in the store."""

    alerted: int = 0
    """Stories told, by stretches that have ended."""

    checks: int = 0
    """How often they were, by stretches that have ended."""

    last_check: str | None = None
    """When the news were last looked at, in market time."""

    problems: list[str] = field(default_factory=list)
    """Why the last look failed."""

    recent_alerts: list[NewsAlert] = field(default_factory=list)
    """The last stories that were told, newest first, at most 20."""

    sources: list[NewsSourceState] = field(default_factory=list)
    """The sources, as they were read last."""

    stories: int = 0
    """Stories seen for the first time, by stretches that have ended."""

    wanted: NewsWatchlist = field(default_factory=lambda: NewsWatchlist())
    """What is watched: the symbols of the last `update_watchlist` or the start, or the user's own."""

    watched: list[Symbol] = field(default_factory=list)
    """The symbols that were watched at the last look."""


@dataclass(kw_only=True)
class NewsWatcherStatus:
    """
    A news watch's `status`, and its farewell. What a stretch under way has seen is in it once the stretch has ended; `ttai news` and
    the pending activity's details are current.
    """

    active: bool
    """Whether it watches: neither paused nor ended."""

    check_interval_minutes: int
    """Minutes between two looks."""

    entity: EntityStatus
    """What every long-lived workflow says of itself."""

    watch: NewsWatch
    """Where it is."""


@dataclass(kw_only=True)
class OptionsAnalysisResult:
    """The options analyst's answer."""

    alternative_strikes: list[Alternative]
    """Other contracts and why they lost."""

    as_of: str
    """Market time."""

    chain_time: str
    """Market time of the chain."""

    constraints: OptionsConstraints
    """The constraints as applied."""

    contracts_considered: int
    """Contracts looked at."""

    data_source: MarketSource
    """Whose prices."""

    earnings_known: bool
    """Whether the next earnings date is known."""

    evidence: list[Evidence]
    """Every number in the text."""

    exit_plan: list[ExitTrigger]
    """Exit plan of the best contract."""

    expected_moves: list[ExpectedMove]
    """Expected moves of the expirations inside the days wanted, nearest first."""

    fail_counts: dict[str, int]
    """How many contracts failed each constraint."""

    implied_events: list[ImpliedEventNote]
    """Implied events."""

    liquidity_score: str
    """`excellent`, `good`, `fair` or `poor`, of the best contract (the worse leg of a vertical); `none` without one."""

    nearest_misses: list[NearestMiss]
    """The three nearest misses, when nothing passes."""

    options_notes: str
    """The whole text."""

    rationale: str
    """One paragraph: the verdict and the trade."""

    recommendation: OptionsRecommendation
    """Verdict."""

    rule: str
    """Which rule gave the verdict."""

    stale: bool
    """
    Whether the prices are too old or too doubtful for a pick: a chain of another session, or over five minutes older than its feed's delay explains; a chain, a
    quote and options that do not agree on the price; or a price of the underlying that is stale, halted, crossed or one-sided.
    """

    strategy: Strategy
    """Strategy."""

    symbol: str
    """Ticker."""

    tool_calls_made: int
    """Tools that a model called; 0 for the deterministic analyst."""

    underlying_price: float
    """Price of the underlying at `as_of`, in dollars."""

    warnings: list[str]
    """What a reader must know."""

    best: SuggestedPosition | None = None
    """The best contract as a position."""

    best_expiration: str | None = None
    """Its listed expiration, `YYYY-MM-DD`."""

    best_strike: float | None = None
    """Strike of the best contract."""

    binding_constraint: str | None = None
    """The constraint that binds, when nothing passes."""

    delta: float | None = None
    """Its delta, signed, per share."""

    dte: int | None = None
    """Its days to the last trade date."""

    gamma: float | None = None
    """Its gamma, per share."""

    hv30: float | None = None
    """30-day close-to-close volatility as a fraction."""

    iv30: float | None = None
    """30-day implied volatility as a fraction."""

    iv_hv_ratio: float | None = None
    """30-day implied volatility over 30-day historical volatility."""

    iv_percentile: float | None = None
    """Share of the stored sessions with a lower implied volatility, 0 to 100; none as the rank."""

    iv_rank: float | None = None
    """IV rank, 0 to 100, over the stored sessions, or as the provider ranks it where none are stored; none under 126 sessions."""

    iv_rank_missing: str | None = None
    """Why there is no IV rank."""

    model_use: ModelUse | None = None
    """The model's part, where one was asked for."""

    roc_shortfall: float | None = None
    """What misses on a watchlist verdict: percent per 7 days short of the constraint."""

    smallest_relaxation: str | None = None
    """The smallest relaxation that would admit a contract, when nothing passes."""

    spread_type: SpreadType | None = None
    """Which vertical."""

    theta: float | None = None
    """Its theta in dollars a share and calendar day."""

    unknowns: list[str] = field(default_factory=list)
    """What is not known and would matter, a phrase each."""

    vega: float | None = None
    """Its vega in dollars a share and volatility point."""

    weekly_roc: float | None = None
    """Its return in percent per 7 days at the bid."""


@dataclass(kw_only=True)
class PortfolioMonitorConfig:
    """Which rules watch. What is not given is as from the start."""

    alert_rules: list[PortfolioRule] = field(default_factory=list)
    """More rules; one for all symbols takes the place of the default ones of its kind."""

    disabled: list[RuleKind] = field(default_factory=list)
    """Kinds of default rules that are off."""

    margin_alert_threshold: float | None = 60.0
    """Maintenance requirement in percent of net liquidation that warns (60, and at 80 critically); null or 0 for none."""

    notify_channels: list[ChannelName] = field(default_factory=list)
    """Channels for its alerts; all configured ones when empty."""

    pnl_alert_threshold: float | None = 2.0
    """Today's loss in percent of net liquidation that warns (2); null or 0 for none."""


@dataclass(kw_only=True)
class PortfolioMonitorParams:
    """The start of a watch."""

    account_id: str = ''
    """The broker's number of the account; the first account of the first broker when empty, and `default` in the id then."""

    alert_rules: list[PortfolioRule] = field(default_factory=list)
    """More rules, beside those of `config`."""

    check_interval_minutes: int = 1
    """Minutes between two looks, 1 to 1,440."""

    config: PortfolioMonitorConfig = field(
        default_factory=lambda: PortfolioMonitorConfig()
    )
    """The rules."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    positions: list[Any] = field(default_factory=list)
    """
    Taken and not read. The broker says what is held; a list by hand would be wrong after the next fill, and
    what is not held must not be alerted.
    """

    user_id: UserId = 'default'
    """Whose watch it is."""


@dataclass(kw_only=True)
class PortfolioMonitorStatus:
    """Where a watch is: whether it is active, its last look, the last alerts, and what else there is to know."""

    account_id: str
    """The account."""

    active: bool
    """Whether it watches: neither paused nor ended."""

    active_alerts: list[str]
    """What is true now."""

    config: PortfolioMonitorConfig
    """The rules."""

    entity: EntityStatus
    """What every long-lived workflow says of itself."""

    problems: list[str]
    """What could not be read."""

    recent_alerts: list[PortfolioAlert]
    """The last 50 alerts, newest first."""

    last_check: str | None = None
    """When the account was last looked at, as the last finished turn of the watch says."""


@dataclass(kw_only=True)
class PositionLook:
    """A look at a position."""

    advice: ExitAdvice | None = None
    """How to leave it."""

    as_of: str | None = None
    """The market's time."""

    cost_to_close: str | float | None = None
    """Dollars a share that closing one unit costs, at the mid; none where not known."""

    end: PositionEnd | None = None
    """How it ended, where it is gone."""

    event: PositionEvent = 'hold'
    """What it came to."""

    resume_at: str | None = None
    """When the next session opens, by the market's clock."""

    resume_seconds: int = 0
    """Seconds from this answer to that time, on the server's clock."""

    sentence: str = ''
    """Why, for a trader."""

    units_held: int | None = None
    """Units that the broker still holds; none where it did not say."""


@dataclass(kw_only=True)
class PositionMonitorResult:
    """What `PositionMonitorWorkflow` answers."""

    action: str = ''
    """`closed_early` or `held_to_expiration`."""

    end: PositionEnd | None = None
    """How, exactly."""

    order: TradeOrder | None = None
    """The order that closed it; none where none of ours did."""

    sentence: str = ''
    """Why, for a trader."""

    successor: str | None = None
    """The monitor of the position that a roll opened."""

    trade: TradeSummary | None = None
    """The trade as it was logged."""

    warnings: list[str] = field(default_factory=list)
    """What went wrong beside it, a sentence each."""


@dataclass(kw_only=True)
class PositionMonitorStatus:
    """Where the watch over a position is."""

    awaiting_approval: AwaitedApproval | None = None
    """The order that waits for an answer."""

    id: str = ''
    """The trade."""

    last: PositionLook = field(default_factory=lambda: PositionLook())
    """The last look."""

    orders: list[TradeOrder] = field(default_factory=list)
    """The orders of its exits so far."""

    step: str = ''
    """What it does, in words."""


@dataclass(kw_only=True)
class ReportProgress:
    """How far a run is."""

    round: ReportRound | None = None
    """Of a run for everyone: how far it is."""

    step: str = ''
    """What is done now."""


@dataclass(kw_only=True)
class ScheduledScreenerParams:
    """A screen for puts to sell, by a schedule."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    lateness: LatenessPolicy | None = None
    """What it does where it begins late; that of `screener_params` when none."""

    notify_channels: list[ChannelName] = field(default_factory=list)
    """Channels that are told of picks, up to 32; nobody when empty."""

    only_new: bool = False
    """Whether they hear only of picks that the screen's run before had not; no by default."""

    screener_id: str = 'scheduled'
    """The screen's name, 1 to 128 bytes; `scheduled` when none."""

    screener_params: CSPScreenerParams = field(
        default_factory=lambda: CSPScreenerParams()
    )
    """The screen; its defaults when none."""

    user_id: UserId | None = None
    """Whose screen; that of `screener_params` when none."""


@dataclass(kw_only=True)
class ScheduledScreenerResult:
    """What a scheduled screen answers."""

    notified: bool
    """Whether the channels were told, or will be."""

    recommendations_count: int
    """How many picks there are."""

    run: ScreenRun
    """Where the picks are kept."""

    screener_id: str
    """The screen's name."""

    warnings: list[str]
    """What a reader must know."""

    lateness: Lateness | None = None
    """How late it began after its schedule wanted it; none where it was not."""

    run_time: str | None = None
    """When it ran, by the server's clock."""


@dataclass(kw_only=True)
class ScheduledSyncParams:
    """Params of `ScheduledSyncWorkflow`."""

    sources: list[SourceToSync]
    """The sources, one after another, at most 20."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    notify_on_failure: bool = True
    """Whether the user hears of each source of which a resource could not be read."""

    notify_on_success: bool = False
    """Whether the user hears of each source when all is well."""

    user_id: UserId = 'default'
    """Whose accounts, lists and files."""


@dataclass(kw_only=True)
class ScreenerResultRow:
    """A row of a screen's answer."""

    chart_score: float
    """The chart's points for the strategy, 0 to 10."""

    recommendation: OverallRecommendation
    """Verdict of chart and options."""

    score: float
    """What the row is ranked by: the score, or the chosen ranking's value."""

    scores: ScreenScores
    """The three rankings."""

    symbol: Symbol
    """Ticker."""

    observed: ObservedFrequency | None = None
    """How often it worked in the past."""

    options_data: SuggestedPosition | None = None
    """The best contract."""

    reason: str | None = None
    """Why it is no pick, where it is none."""


@dataclass(kw_only=True)
class TradeDecision:
    """Whether to trade today, and why or why not."""

    account_id: str = ''
    """The account."""

    conditions: list[TradeCondition] = field(default_factory=list)
    """Every condition that was looked at."""

    entry_credit: float | None = None
    """Dollars a share received for one unit at the mid, negative paid."""

    expiry: str | None = None
    """The day on which its options expire."""

    facts: TradeFacts = field(default_factory=lambda: TradeFacts())
    """What it was decided by."""

    reason: str = ''
    """The first sentence that a trader reads: what is traded, or why nothing is."""

    should_trade: bool = False
    """Whether."""

    spx_strike: float | None = None
    """Strike of the SPX call in dollars; none of another strategy."""

    spy_strike: float | None = None
    """Strike of the SPY calls in dollars; none of another strategy."""

    strategy: TradingStrategy = 'spy_spx'
    """Which strategy decided."""

    trade: DecidedTrade | None = None
    """The trade; none where there is to be none."""

    warnings: list[str] = field(default_factory=list)
    """What a trader has to know, a sentence each."""


@dataclass(kw_only=True)
class AnalysisResult:
    """The answer: that of a full analysis as far as it went, and what became of it."""

    evidence: list[Evidence]
    """Every number in the synthesised text."""

    notified: list[str]
    """The channels that took the notification."""

    overall_recommendation: OverallRecommendation
    """Verdict."""

    recommendation: OverallRecommendation
    """The verdict."""

    status: AnalysisStatus
    """Where it ended."""

    strategy: Strategy
    """Strategy."""

    symbol: str
    """Ticker."""

    type: AnalysisType
    """How far it was to go."""

    warnings: list[str]
    """What a reader must know, all stages."""

    as_of: str | None = None
    """Market time; none when no stage finished."""

    chart_analysis: ChartAnalysisResult | None = None
    """Chart stage."""

    completed_at: str | None = None
    """Server time at which the workflow was done."""

    data_source: MarketSource | None = None
    """Whose prices."""

    model_use: ModelTotal | None = None
    """The models' part, all stages together."""

    options_analysis: OptionsAnalysisResult | None = None
    """Options stage."""

    reason: str | None = None
    """Which stage rejected, and why."""

    reject_reason: str | None = None
    """Which stage rejected, and why."""

    rejected_stage: Stage | None = None
    """The stage that rejected."""

    research_analysis: ResearchAnalysisResult | None = None
    """Research stage."""

    rule: str | None = None
    """Which rule gave the verdict."""

    score: int | None = None
    """Points of the score, when synthesised."""

    stored: StoredAnalysis | None = None
    """Where the whole result is kept, in an answer in brief."""

    suggested_position: SuggestedPosition | None = None
    """The trade."""

    synthesized_at: str | None = None
    """Server time at which the stages were done."""

    synthesized_rationale: str | None = None
    """The text."""


@dataclass(kw_only=True)
class DailyTradingResult:
    """What `DailyTradingWorkflow` answers."""

    decision: TradeDecision = field(default_factory=lambda: TradeDecision())
    """What was decided."""

    lateness: Lateness | None = None
    """How late it began; none where it did not."""

    monitor: str | None = None
    """The workflow that watches the position; none where there is none."""

    orders: list[TradeOrder] = field(default_factory=list)
    """The orders of the entry, in the order in which they were proposed."""

    position: PositionMonitorResult | None = None
    """How the position ended; none where the run did not wait for it."""

    status: TradingRunStatus = 'complete'
    """How it ended."""

    verdict: OrderVerdict | None = None
    """What would become of the order, where the run only decided; none where there would be none."""

    warnings: list[str] = field(default_factory=list)
    """What went wrong beside it, a sentence each."""


@dataclass(kw_only=True)
class DailyTradingStatus:
    """Where a trading run is."""

    awaiting_approval: AwaitedApproval | None = None
    """The order that waits for an answer."""

    decision: TradeDecision | None = None
    """What was decided."""

    orders: list[TradeOrder] = field(default_factory=list)
    """The orders so far."""

    step: str = ''
    """What it does, in words."""


@dataclass(kw_only=True)
class FullAnalysisResult:
    """The whole answer."""

    evidence: list[Evidence]
    """Every number in the synthesised text."""

    overall_recommendation: OverallRecommendation
    """Verdict."""

    strategy: Strategy
    """Strategy."""

    symbol: str
    """Ticker."""

    warnings: list[str]
    """What a reader must know, all stages."""

    as_of: str | None = None
    """Market time; none when no stage finished."""

    chart_analysis: ChartAnalysisResult | None = None
    """Chart stage."""

    data_source: MarketSource | None = None
    """Whose prices."""

    model_use: ModelTotal | None = None
    """The models' part, all stages together."""

    options_analysis: OptionsAnalysisResult | None = None
    """Options stage."""

    reject_reason: str | None = None
    """Which stage rejected, and why."""

    rejected_stage: Stage | None = None
    """The stage that rejected."""

    research_analysis: ResearchAnalysisResult | None = None
    """Research stage."""

    rule: str | None = None
    """Which rule gave the verdict."""

    score: int | None = None
    """Points of the score, when synthesised."""

    stored: StoredAnalysis | None = None
    """Where the whole result is kept, in an answer in brief."""

    suggested_position: SuggestedPosition | None = None
    """The trade."""

    synthesized_rationale: str | None = None
    """The text."""


@dataclass(kw_only=True)
class ScreenerResult:
    """What a screen by criteria answers."""

    analyzed: int
    """Candidates that were analysed."""

    candidates: int
    """Candidates of the scan or the list."""

    changes: ScreenChanges
    """How the results differ from the run before."""

    dropped: list[DroppedCandidates]
    """The others, by reason."""

    failed: list[DroppedCandidates]
    """Those that could not be looked at, by reason."""

    results: list[ScreenerResultRow]
    """The ten best, best first."""

    run: ScreenRun
    """Where it is kept."""

    warnings: list[str]
    """What a reader must know."""

    as_of: str | None = None
    """Market time; none when nothing was looked at."""

    data_source: MarketSource | None = None
    """Whose prices."""

    lateness: Lateness | None = None
    """How late it began after its schedule wanted it; none where it was not."""

    partial: bool = False
    """Whether the screen ended before it was through: out of working time."""


@dataclass(kw_only=True)
class CSPScreenerResult:
    """What the screen for puts answers."""

    candidates_analyzed: int
    """Full analyses that came to an end."""

    candidates_screened: int
    """Candidates of the scan or the list."""

    capital: FreeCapital
    """The capital that the picks were fitted to."""

    changes: ScreenChanges
    """How the picks differ from the run before."""

    collateral: str | float
    """Dollars that all picks bind together."""

    dropped: list[DroppedCandidates]
    """The other candidates, by reason. Their numbers are in the store."""

    failed: list[DroppedCandidates]
    """Candidates that could not be looked at, by reason; analyses that failed, timed out or were cancelled."""

    picks: list[ScreenPick]
    """What is said of each pick beside its analysis, in the same order."""

    quick_analyzed: int
    """Quick analyses."""

    ranking: ScreenRanking
    """By what they are ranked."""

    recommendations: list[FullAnalysisResult]
    """The picks, best first: full analyses in brief, their stages null, the key of the whole in `stored`."""

    run: ScreenRun
    """Where it is kept."""

    warnings: list[str]
    """What a reader must know."""

    as_of: str | None = None
    """Market time; none when nothing was looked at."""

    data_source: MarketSource | None = None
    """Whose prices."""

    lateness: Lateness | None = None
    """How late it began after a schedule wanted it; none where it was not."""

    partial: bool = False
    """Whether the screen ended before it was through: out of working time."""


@dataclass(kw_only=True)
class AddAlertsAlerts:
    """Several."""

    alerts: list[AlertDefinition]
    """At most 500."""


AddAlerts: TypeAlias = Union[AddAlertsAlerts, "AlertDefinition"]
"""One alert, or up to 500 as `alerts`."""


@dataclass(kw_only=True)
class AlertAnswer:
    """What became of one alert."""

    accepted: bool
    """Whether the request was carried out; what was so before counts."""

    id: str
    """Its id."""

    alert: AlertDefinition | None = None
    """The alert as it is now."""

    already_true: str | None = None
    """What makes it true already, as it would be told; only `test` looks."""

    fired: int = 0
    """How often it has fired."""

    members: int | None = None
    """Of an alert over a watchlist or a set of positions: how many alerts of members it has now."""

    reason: str | None = None
    """Why not."""

    state: str | None = None
    """`armed`, `firing` (until every channel has it), `fired`, `expired`, `paused`, `snoozed`, `removed`; empty where there is none."""


@dataclass(kw_only=True)
class AlertAnswers:
    """What became of a request."""

    alerts: list[AlertAnswer]
    """For each alert of the request, in its order; for `list` the alerts found."""

    total: int
    """How many alerts the user has that can still fire."""


@dataclass(kw_only=True)
class AlertConditionAll:
    """Each holds."""

    kind: Literal['all'] = 'all'
    of: list[AlertCondition]
    """Two or more."""


@dataclass(kw_only=True)
class AlertConditionAny:
    """One of them holds."""

    kind: Literal['any'] = 'any'
    of: list[AlertCondition]
    """Two or more."""


AlertCondition: TypeAlias = AlertConditionPrice | AlertConditionPercentMove | AlertConditionPercentWithin | AlertConditionChannel | AlertConditionVolume | AlertConditionDelta | AlertConditionDte | AlertConditionIvRank | AlertConditionStrikeDistance | AlertConditionMoneyness | AlertConditionProfit | AlertConditionLoss | AlertConditionSpread | AlertConditionEarnings | AlertConditionAll | AlertConditionAny
"""
What an alert waits for: one condition, or several joined by `all` or `any`, two deep at most. Equality counts as a hit.
Numbers may come as JSON numbers or as decimal strings.
"""


@dataclass(kw_only=True)
class AlertDefinition:
    """An alert: it fires when its condition holds for its subject."""

    alert_type: str | None = None
    """`price`, `delta` or `dte` on the way in; the condition's kind on the way out."""

    bar: BarLength = '1m'
    """The length of its bars."""

    basis_date: str | None = None
    """The New York date whose shares its prices are in."""

    channels: list[str] = field(default_factory=list)
    """Who is told: at most 32 names; none for the user's default."""

    condition: str | None = None
    """`above` or `below`, also `crosses_up`, `crosses_down` and `crosses`; of any other alert its condition in words."""

    created_at: str | None = None
    """When it was created."""

    entry_price: str | float | None = None
    """What its position was opened at, dollars a share."""

    expires_at: str | None = None
    """From when on it never fires."""

    id: str = ''
    """1 to 128 characters without control characters; derived where it is empty."""

    member_of: str | None = None
    """The alert of which it is a member; ttai sets it."""

    note: str | None = None
    """The user's own words, at most 500 characters."""

    paused: bool = False
    """Whether it is off."""

    repeat: AlertRepeat = 'once'
    """How often it fires."""

    session: AlertSession = 'regular'
    """In which hours it fires."""

    severity: Severity = 'info'
    """How urgent a firing is."""

    snoozed_until: str | None = None
    """Until when it stays silent."""

    source: PriceSource = 'last'
    """Which price is compared."""

    subject: AlertSubject | None = None
    """What is watched."""

    symbol: str | None = None
    """A ticker or an OCC symbol."""

    target_price: str | float | None = None
    """The number that the condition compares with, 0 where it has none."""

    threshold: str | float | None = None
    """As `target_price`."""

    trigger: AlertTrigger = 'touch'
    """Each event, or the close of a bar."""

    user_id: str | None = None
    """Whose it is."""

    when: AlertCondition | None = None
    """What it is watched for."""


@dataclass(kw_only=True)
class PriceAlertParams:
    """Whose alerts a router takes."""

    check_interval_seconds: int = 30
    """How often quotes are asked for where no stream is to be had, in seconds, 1 to 3,600."""

    drill: bool = False
    """The drill profile: a worker's death is noticed within 3 s."""

    initial_alerts: list[AlertDefinition] = field(default_factory=list)
    """Alerts to arm at the start, at most 500."""

    user_id: UserId = 'default'
    """The user."""
