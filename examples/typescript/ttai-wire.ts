// Generated from crates/contract/schema/contract.json by conformance/types/run --update. Do not edit.

/**
 * A user's name: 1 to 64 letters, digits and `. _ @ -`, so that it fits into a workflow id and a search attribute.
 */
export type UserId = string;
/**
 * What an entity is doing.
 */
export type EntityState = "running" | "paused" | "shutting_down" | "ended";
/**
 * What kind of account trades.
 */
export type AccountType = "cash" | "margin";
/**
 * What to do when nobody says when earnings are.
 */
export type EarningsPolicy = "exclude" | "warn" | "allow";
/**
 * What to do with chains that report no open interest.
 */
export type OpenInterestPolicy = "exclude" | "warn" | "allow";
/**
 * A model as `provider/model`. Whether the provider is configured, the worker knows.
 */
export type ModelName = string;
/**
 * The name of a notification channel: 1 to 64 characters, none of them a control character.
 */
export type ChannelName = string;
/**
 * Which credit vertical.
 */
export type SpreadType = "bull_put" | "bear_call";
/**
 * What to sell.
 */
export type Strategy = "csp" | "covered_call" | "spread";
/**
 * A ticker as the exchanges print it: upper case, 1 to 12 of `A-Z 0-9 . / - ^ _`, beginning with a letter, `^` or `_`.
 *
 * Lower case and surrounding blanks are accepted and normalised; everything else is refused.
 */
export type Symbol = string;
/**
 * The bars that are analysed.
 */
export type Timeframe = "intraday" | "daily" | "weekly";
/**
 * How far to go.
 */
export type AnalysisType = "chart_analysis" | "options_analysis" | "full_analysis";
/**
 * How far the price has run from its averages.
 */
export type ExtensionRisk = "low" | "moderate" | "high";
/**
 * What became of a model's answer.
 */
export type ModelOutcome = "used" | "ungrounded" | "malformed" | "refused" | "over_budget" | "unavailable";
/**
 * The chart analyst's verdict.
 */
export type ChartRecommendation = "bullish" | "bearish" | "neutral" | "reject";
/**
 * Direction of the trend.
 */
export type TrendDirection = "up" | "down" | "sideways";
/**
 * How well the trend holds together.
 */
export type TrendQuality = "strong" | "moderate" | "weak";
/**
 * Call or put.
 */
export type OptionRight = "call" | "put";
/**
 * How sure a dividend is.
 */
export type DividendStatus = "paid" | "declared" | "projected";
/**
 * The options analyst's verdict.
 */
export type OptionsRecommendation = "select" | "watchlist" | "reject";
/**
 * The verdict over all stages.
 */
export type OverallRecommendation = "incomplete" | "reject" | "watchlist" | "select" | "strong_select";
/**
 * A stage of the pipeline.
 */
export type Stage = "chart" | "options" | "research" | "synthesis" | "save" | "notify";
/**
 * How bad.
 */
export type RiskLevel = "unknown" | "low" | "moderate" | "high";
/**
 * The research analyst's verdict.
 */
export type ResearchRecommendation = "clear" | "caution" | "reject";
/**
 * Tone of the news.
 */
export type Sentiment = "positive" | "neutral" | "negative";
/**
 * Where an analysis ended.
 */
export type AnalysisStatus = "completed" | "rejected" | "incomplete";
/**
 * Where a stage is.
 */
export type StageState = "waiting" | "running" | "retrying" | "done" | "rejected" | "failed";
/**
 * What a late run does.
 */
export type WhenLate = "run" | "notify_only" | "skip";
/**
 * What became of a screener.
 */
export type AutoRunOutcome = "completed" | "skipped" | "failed";
/**
 * By what candidates are ranked. All three are shown beside each pick.
 */
export type ScreenRanking = "return_at_bid" | "probability_weighted" | "wheel_score";
/**
 * How far back levels are sought; trend and extremes always use the whole history.
 */
export type AnalysisDepth = "quick" | "standard" | "deep";
/**
 * Which strategy.
 */
export type TradingStrategy = "spy_spx" | "csp_entry";
/**
 * What a leg does.
 */
export type OrderAction = "buy_to_open" | "sell_to_open" | "buy_to_close" | "sell_to_close";
/**
 * A ticker, or the 21 characters of an option's OCC symbol.
 */
export type Instrument = string;
/**
 * The limit of one unit of all legs, in dollars a share.
 */
export type NetPrice = NetPriceDebit | NetPriceCredit;
/**
 * Where an order stands, both sides together.
 */
export type OrderPhase =
  | "intended"
  | "refused"
  | "awaiting_approval"
  | "approved"
  | "rejected_by_user"
  | "approval_expired"
  | "claimed"
  | "submitting"
  | "unknown"
  | "not_sent"
  | "working"
  | "partly_filled"
  | "filled"
  | "cancelled"
  | "expired"
  | "rejected_by_broker"
  | OrderPhaseReplaced;
/**
 * Why an order is sent.
 */
export type OrderPurpose = "entry" | "exit" | "roll" | "compensation";
/**
 * How a position, and the trade that opened it, ended.
 */
export type PositionEnd =
  "closed_early" | "held_to_expiration" | "assigned" | "exercised" | "rolled" | "liquidated" | "closed_by_hand";
/**
 * How a trading run ended.
 */
export type TradingRunStatus =
  "complete" | "decided" | "notify_only" | "refused" | "not_approved" | "not_filled" | "handed_over";
/**
 * What a rule watches; the name on the wire is the alert's type.
 */
export type RuleKind =
  | "pnl_warning"
  | "margin_warning"
  | "delta_breach"
  | "profit_target"
  | "loss_limit"
  | "dte_warning"
  | "itm_near_expiry"
  | "ex_dividend"
  | "earnings_before_expiry"
  | "assignment_risk"
  | "symbol_concentration"
  | "sector_concentration"
  | "price_above"
  | "price_below"
  | "monitoring_blind"
  | "expiry_day";
/**
 * How urgent a message is.
 */
export type Severity = "info" | "warning" | "critical";
/**
 * What a look at a position came to.
 */
export type PositionEvent = "hold" | "exit" | "session_over" | "gone";
/**
 * The length of an alert's bars. Those of minutes begin with the regular session, in extended hours with the hour.
 */
export type BarLength = "1m" | "5m" | "15m" | "30m" | "60m" | "day";
/**
 * How often an alert fires.
 */
export type AlertRepeat = "once" | "once_a_bar" | "once_a_day" | AlertRepeatRepeating;
/**
 * In which hours an alert fires; each has those before it, too.
 */
export type AlertSession = "regular" | "extended" | "overnight";
/**
 * Which price an alert compares.
 */
export type PriceSource = "last" | "bid" | "ask" | "mid";
/**
 * What an alert watches.
 */
export type AlertSubject =
  AlertSubjectSymbol | AlertSubjectOption | AlertSubjectWatchlist | AlertSubjectLegs | AlertSubjectPositions;
/**
 * The parts that an OCC symbol spells out. On the wire it is that symbol.
 */
export type OccSymbol = string;
/**
 * Which way a position is held.
 */
export type PositionSide = "long" | "short";
/**
 * Which moments count.
 */
export type AlertTrigger = "touch" | "bar_close";
/**
 * What an alert waits for: one condition, or several joined by `all` or `any`, two deep at most. Equality counts as a hit.
 * Numbers may come as JSON numbers or as decimal strings.
 */
export type AlertCondition =
  | AlertConditionPrice
  | AlertConditionPercentMove
  | AlertConditionPercentWithin
  | AlertConditionChannel
  | AlertConditionVolume
  | AlertConditionDelta
  | AlertConditionDte
  | AlertConditionIvRank
  | AlertConditionStrikeDistance
  | AlertConditionMoneyness
  | AlertConditionProfit
  | AlertConditionLoss
  | AlertConditionSpread
  | AlertConditionEarnings
  | AlertConditionAll
  | AlertConditionAny;
/**
 * How a price stands to a level.
 */
export type PriceTrigger = "above" | "below" | "crosses_up" | "crosses_down" | "crosses";
/**
 * What a move is measured from.
 */
export type MoveBase = "previous_close" | "open" | "entry";
/**
 * Which way a price moves.
 */
export type MoveDirection = "up" | "down" | "either";
/**
 * How a price stands to a range.
 */
export type ChannelTrigger = "inside" | "outside" | "entered" | "left";
/**
 * Which volume.
 */
export type VolumeSpan = "day" | "bar";
/**
 * At or over, at or under.
 */
export type AlertSide = "above" | "below";
/**
 * One alert, or up to 500 as `alerts`.
 */
export type AddAlerts = AddAlertsAlerts | AlertDefinition;
/**
 * A kind of event.
 */
export type StreamedKind = "quotes" | "trades" | "greeks";
/**
 * A ticker, or an option contract by its OCC symbol.
 */
export type StreamedSymbol = string;
/**
 * Something that keeps a quote from being taken at face value.
 */
export type QuoteCondition = "stale" | "delayed" | "last_known" | "halted" | "crossed" | "one_sided" | "outlier";
/**
 * A channel, or several.
 */
export type OneOrMore = ChannelName | ChannelName[];
/**
 * Which report.
 */
export type ReportName = "morning_briefing" | "eod_summary" | "daily_report" | "weekly_review";
/**
 * Where rows come from.
 */
export type SyncSource = "transactions" | "watchlists" | "metrics" | "earnings" | "daily_bars" | "files";
/**
 * How a sync ended.
 */
export type SyncOutcome = "running" | "completed" | "partial" | "failed";
/**
 * The `type` of an application failure.
 */
export type FailureType =
  | "InvalidSymbolError"
  | "AuthenticationError"
  | "ValidationError"
  | "DataUnavailableError"
  | "CorruptDataError"
  | "ProviderUnavailableError"
  | "StoreUnavailableError"
  | "TimeoutError"
  | "WorkerShutdownError"
  | "ActivityInterruptedError"
  | "DeadlineError"
  | "WorkerLostError";

/**
 * Every workflow, by its type.
 */
export interface Workflows {
  /**
   * Watches one shard of a user's price alerts on the stream and records what fires. `PriceAlertWorkflow` starts it.
   */
  AlertShardWorkflow: {
    queue: "streaming-queue";
    params: AlertShardParams;
    answer: AlertShardStatus;
    signals: {
      /**
       * Accepts messages from now on without applying them.
       */
      pause: {};
      /**
       * Begins anew from the store: after it was restored from a backup.
       */
      reload: {
        argument: ReloadSignal;
      };
      /**
       * Applies what was accepted while paused, and goes on.
       */
      resume: {};
      /**
       * Applies what was accepted, and ends.
       */
      shutdown: {};
    };
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AlertShardStatus;
      };
    };
    updates: {};
  };
  /**
   * An analysis of the asked-for `type`: saved, then told on channels.
   */
  AnalysisWorkflow: {
    queue: "analysis-queue";
    params: AnalysisParams;
    answer: AnalysisResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AnalysisProgress;
      };
    };
    updates: {};
  };
  /**
   * Every user's saved screeners that run by themselves, each as a child.
   */
  AutoRunScreenersWorkflow: {
    queue: "background-queue";
    params: AutoRunScreenersParams;
    answer: AutoRunScreenersResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AutoRunScreenersResult;
      };
    };
    updates: {};
  };
  /**
   * A screen for puts to sell: candidates, quick analyses, full analyses of the best, picks that fit the capital together.
   */
  CSPScreenerWorkflow: {
    queue: "background-queue";
    params: CSPScreenerParams;
    answer: CSPScreenerResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: ScreenProgress;
      };
    };
    updates: {};
  };
  /**
   * The chart of a symbol: trend, its quality, supports and resistances, Fibonacci confluence, extension risk, and an image.
   */
  ChartAnalysisWorkflow: {
    queue: "analysis-queue";
    params: ChartAnalysisParams;
    answer: ChartAnalysisResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AnalysisProgress;
      };
    };
    updates: {};
  };
  /**
   * The day's trade: a strategy decides, somebody approves, the order is sent once and followed, and what it opened is watched.
   */
  DailyTradingWorkflow: {
    queue: "streaming-queue";
    params: DailyTradingParams;
    answer: DailyTradingResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: DailyTradingStatus;
      };
    };
    updates: {
      /**
       * The order may be sent: it is priced and checked anew, and the answer says what became of it.
       */
      approve: {
        argument: ApproveTrade;
        answer: TradeOrder;
      };
      /**
       * The order may not be sent.
       */
      reject: {
        argument: RejectTrade;
        answer: TradeOrder;
      };
    };
  };
  /**
   * Delivers what is open in a user's delivery ledger: again after a failure, until each channel has it or the message expires.
   */
  DeliveryWorkflow: {
    queue: "background-queue";
    params: DeliveryParams;
    answer: DeliveryStatus;
    signals: {
      /**
       * Something is open. Sent with a start, so that the workflow is there.
       */
      deliver: {
        argument: DeliverSignal;
      };
      /**
       * Accepts messages from now on without applying them.
       */
      pause: {};
      /**
       * Applies what was accepted while paused, and goes on.
       */
      resume: {};
      /**
       * Applies what was accepted, and ends.
       */
      shutdown: {};
    };
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: DeliveryStatus;
      };
    };
    updates: {};
  };
  /**
   * Chart, options, research and verdict of a symbol; stops at the first stage that rejects, and says why.
   */
  FullAnalysisWorkflow: {
    queue: "analysis-queue";
    params: FullAnalysisParams;
    answer: FullAnalysisResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AnalysisProgress;
      };
    };
    updates: {};
  };
  /**
   * Watches the news of a watchlist and tells each significant story once.
   */
  NewsWatcherWorkflow: {
    queue: "background-queue";
    params: NewsWatcherParams;
    answer: NewsWatcherStatus;
    signals: {
      /**
       * Accepts messages from now on without applying them.
       */
      pause: {};
      /**
       * Applies what was accepted while paused, and goes on.
       */
      resume: {};
      /**
       * Applies what was accepted, and ends.
       */
      shutdown: {};
      /**
       * Watches these symbols from now on.
       */
      update_watchlist: {
        argument: NewsWatchlist;
      };
    };
    queries: {
      /**
       * The symbols that are watched.
       */
      get_watchlist: {
        answer: Symbol[];
      };
      /**
       * Where it is.
       */
      status: {
        answer: NewsWatcherStatus;
      };
    };
    updates: {
      /**
       * As the signal of that name, with an answer.
       */
      update_watchlist: {
        argument: NewsWatchlist;
        answer: Answer;
      };
    };
  };
  /**
   * The best contract of a symbol for a cash-secured put, a covered call or a spread under the constraints, with alternatives.
   */
  OptionsAnalysisWorkflow: {
    queue: "analysis-queue";
    params: OptionsAnalysisParams;
    answer: OptionsAnalysisResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AnalysisProgress;
      };
    };
    updates: {};
  };
  /**
   * Watches an account: profit and loss, margin, assignment risk, concentration, delta and days to expiration, by rules.
   */
  PortfolioMonitorWorkflow: {
    queue: "background-queue";
    params: PortfolioMonitorParams;
    answer: PortfolioMonitorStatus;
    signals: {
      /**
       * Somebody has seen the alert with this key.
       */
      acknowledge: {
        argument: string;
      };
      /**
       * Accepts messages from now on without applying them.
       */
      pause: {};
      /**
       * Applies what was accepted while paused, and goes on.
       */
      resume: {};
      /**
       * Applies what was accepted, and ends.
       */
      shutdown: {};
      /**
       * Keeps an alert, a kind of alerts or a symbol quiet until a time.
       */
      snooze: {
        argument: SnoozeAlert;
      };
      /**
       * Other rules from now on; what is not given is as from the start.
       */
      update_config: {
        argument: PortfolioMonitorConfig;
      };
    };
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: PortfolioMonitorStatus;
      };
    };
    updates: {
      /**
       * As the signal `acknowledge`, with an answer.
       */
      acknowledge_alert: {
        argument: string;
        answer: Answer;
      };
      /**
       * As the signal `snooze`, with an answer.
       */
      snooze_alert: {
        argument: SnoozeAlert;
        answer: Answer;
      };
      /**
       * As the signal of that name, with an answer.
       */
      update_config: {
        argument: PortfolioMonitorConfig;
        answer: Answer;
      };
    };
  };
  /**
   * Watches a position until it is closed or has expired, and closes it by its plan.
   */
  PositionMonitorWorkflow: {
    queue: "streaming-queue";
    params: PositionMonitorParams;
    answer: PositionMonitorResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: PositionMonitorStatus;
      };
    };
    updates: {
      /**
       * The order of an exit may be sent: it is priced and checked anew, and the answer says what became of it.
       */
      approve: {
        argument: ApproveTrade;
        answer: TradeOrder;
      };
      /**
       * The order of an exit may not be sent.
       */
      reject: {
        argument: RejectTrade;
        answer: TradeOrder;
      };
    };
  };
  /**
   * A user's price alerts: takes them, stores them, and has them watched on the stream.
   */
  PriceAlertWorkflow: {
    queue: "streaming-queue";
    params: PriceAlertParams;
    answer: PriceAlertStatus;
    signals: {
      /**
       * Arms an alert. One that is refused is listed in the status.
       */
      add_alert: {
        argument: AlertDefinition;
      };
      /**
       * Accepts messages from now on without applying them.
       */
      pause: {};
      /**
       * Removes an alert by its id.
       */
      remove_alert: {
        argument: string;
      };
      /**
       * Applies what was accepted while paused, and goes on.
       */
      resume: {};
      /**
       * Applies what was accepted, and ends.
       */
      shutdown: {};
    };
    queries: {
      /**
       * The user's alerts that can still fire, the newest 1,000.
       */
      get_alerts: {
        answer: AlertDefinition[];
      };
      /**
       * Where it is.
       */
      status: {
        answer: PriceAlertStatus;
      };
    };
    updates: {
      /**
       * Somebody has seen what alerts last fired: what is not delivered of it is not sent any more.
       */
      acknowledge: {
        argument: AlertIds;
        answer: AlertAnswers;
      };
      /**
       * Arms alerts and answers with each as accepted, or why not.
       */
      add: {
        argument: AddAlerts;
        answer: AlertAnswers;
      };
      /**
       * Replaces an alert's definition and arms it anew.
       */
      change: {
        argument: AlertDefinition;
        answer: AlertAnswers;
      };
      /**
       * Lists alerts as they are in the store, newest first.
       */
      list: {
        argument: ListAlerts;
        answer: AlertAnswers;
      };
      /**
       * Turns alerts off, or on again.
       */
      pause: {
        argument: PauseAlerts;
        answer: AlertAnswers;
      };
      /**
       * Removes alerts.
       */
      remove: {
        argument: AlertIds;
        answer: AlertAnswers;
      };
      /**
       * Silences an alert until a time.
       */
      snooze: {
        argument: SnoozePriceAlert;
        answer: AlertAnswers;
      };
      /**
       * Says of alerts whether they would be accepted, and whether they are true already; arms none.
       */
      test: {
        argument: AddAlerts;
        answer: AlertAnswers;
      };
    };
  };
  /**
   * Keeps a set of symbols on the stream: its health by query, the latest values by update.
   */
  QuoteStreamWorkflow: {
    queue: "streaming-queue";
    params: QuoteStreamParams;
    answer: QuoteStreamStatus;
    signals: {
      /**
       * Watches these, too.
       */
      add_symbols: {
        argument: StreamedSymbols;
      };
      /**
       * Accepts messages from now on without applying them.
       */
      pause: {};
      /**
       * Watches these no longer.
       */
      remove_symbols: {
        argument: StreamedSymbols;
      };
      /**
       * Applies what was accepted while paused, and goes on.
       */
      resume: {};
      /**
       * Applies what was accepted, and ends.
       */
      shutdown: {};
    };
    queries: {
      /**
       * How the stream was when this workflow last heard of it.
       */
      health: {
        answer: QuoteStreamHealth;
      };
      /**
       * Where it is.
       */
      status: {
        answer: QuoteStreamStatus;
      };
    };
    updates: {
      /**
       * What came last of the symbols, read where the stream is.
       */
      latest: {
        argument: LatestSymbols;
        answer: LatestValues;
      };
    };
  };
  /**
   * News, short interest and earnings of a symbol: its risks and red flags.
   */
  ResearchAnalysisWorkflow: {
    queue: "analysis-queue";
    params: ResearchAnalysisParams;
    answer: ResearchAnalysisResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: AnalysisProgress;
      };
    };
    updates: {};
  };
  /**
   * Removes from the store what is older than the worker's configuration allows.
   */
  RetentionWorkflow: {
    queue: "background-queue";
    params: RetentionParams;
    answer: RemovedRows;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: RemovedRows;
      };
    };
    updates: {};
  };
  /**
   * Composes a user's report, saves it and sends it; or does so for everyone, a child each.
   */
  RunReportWorkflow: {
    queue: "background-queue";
    params: RunReportParams;
    answer: RunReportResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: ReportProgress;
      };
    };
    updates: {};
  };
  /**
   * A screen as a schedule runs it: `CSPScreenerWorkflow` as a child, and a message to the channels where it has picks.
   */
  ScheduledScreenerWorkflow: {
    queue: "background-queue";
    params: ScheduledScreenerParams;
    answer: ScheduledScreenerResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: ScreenProgress;
      };
    };
    updates: {};
  };
  /**
   * Syncs several sources one after another; one that fails does not stop the others.
   */
  ScheduledSyncWorkflow: {
    queue: "background-queue";
    params: ScheduledSyncParams;
    answer: ScheduledSyncResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: ScheduledSyncResult;
      };
    };
    updates: {};
  };
  /**
   * A screen by any criteria or over a list: quick analyses of every candidate, and the ten best.
   */
  ScreenerWorkflow: {
    queue: "background-queue";
    params: ScreenerParams;
    answer: ScreenerResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: ScreenProgress;
      };
    };
    updates: {};
  };
  /**
   * Pulls what a source has into the store, one resource after another, from where the last sync left off.
   */
  SyncSourceWorkflow: {
    queue: "background-queue";
    params: SyncSourceParams;
    answer: SyncSourceResult;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: SyncSourceResult;
      };
    };
    updates: {};
  };
  /**
   * Brings trade journals up to date: analyses become entries, and entries are marked at their expiration.
   */
  UpdateJournalWorkflow: {
    queue: "background-queue";
    params: UpdateJournalParams;
    answer: JournalUpdate;
    signals: {};
    queries: {
      /**
       * Where it is.
       */
      status: {
        answer: JournalUpdate;
      };
    };
    updates: {};
  };
}
/**
 * What a shard watches.
 */
export interface AlertShardParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Its number among the user's shards, from 0.
   */
  shard?: number;
  /**
   * Whose alerts.
   */
  user_id?: UserId;
}
/**
 * A shard's `status`, and its farewell.
 */
export interface AlertShardStatus {
  /**
   * What every entity says.
   */
  entity: EntityStatus;
  /**
   * What it has done.
   */
  totals: ShardTotals;
}
/**
 * The part of every entity's `status` that is the same for all.
 */
export interface EntityStatus {
  /**
   * Messages accepted in its whole life.
   */
  accepted: number;
  /**
   * How often it has continued as a new run.
   */
  continuations: number;
  /**
   * When it acts next without being asked.
   */
  next_turn_at?: string | null;
  /**
   * The last 50 of them, oldest first.
   */
  rejected: RejectedMessage[];
  /**
   * Signals rejected in its whole life.
   */
  rejected_total: number;
  /**
   * Messages that were sent again after they had been accepted.
   */
  repeated: number;
  /**
   * What it is doing.
   */
  state: EntityState;
  /**
   * Messages accepted and not yet applied.
   */
  waiting: number;
}
/**
 * A signal that was not accepted; nobody waits for its answer, so the status lists it.
 */
export interface RejectedMessage {
  /**
   * When, in the server's time.
   */
  at?: string | null;
  /**
   * The signal's name.
   */
  handler: string;
  /**
   * Why, in at most 300 bytes.
   */
  reason: string;
}
/**
 * What a shard has done so far.
 */
export interface ShardTotals {
  /**
   * Alerts armed when the last watch ended.
   */
  armed?: number;
  /**
   * Firings that were recorded by watches that have ended.
   */
  firings?: number;
  /**
   * How often its watch was handed over.
   */
  handovers?: number;
  /**
   * Why the last watch failed.
   */
  problem?: string | null;
  /**
   * Market time up to which everything was seen when the last watch ended.
   */
  seen_until?: string | null;
}
/**
 * The argument of the signal `reload`: nothing, or an empty object.
 */
export interface ReloadSignal {}
/**
 * What to analyse.
 */
export interface AnalysisParams {
  /**
   * The account.
   */
  account?: AccountContext;
  /**
   * Market time of the analysis, from 1990 to 2099; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * Constraints; the defaults when none.
   */
  constraints?: OptionsConstraints | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats.
   */
  drill?: boolean;
  /**
   * Model of an AI analyst, `provider/model`; the deterministic analyst when none.
   */
  model?: ModelName | null;
  /**
   * Whether to notify.
   */
  notify?: boolean;
  /**
   * Channels to notify, up to 32; the configured default when empty.
   *
   * @maxItems 32
   */
  notify_channels?: ChannelName[];
  /**
   * What is held.
   */
  position?: PositionContext;
  /**
   * Which vertical; bull put by default, bear call when the chart is bearish.
   */
  spread_type?: SpreadType | null;
  /**
   * Strategy; csp by default.
   */
  strategy?: Strategy;
  /**
   * Ticker.
   */
  symbol: Symbol;
  /**
   * Bars of the chart stage.
   */
  timeframe?: Timeframe;
  /**
   * How far to go.
   */
  type: AnalysisType;
  /**
   * Whose analysis it is.
   */
  user_id?: UserId;
  /**
   * Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none.
   */
  width?: number | null;
}
/**
 * The account that would trade.
 */
export interface AccountContext {
  /**
   * Cash by default.
   */
  account_type?: AccountType;
  /**
   * The most that assignment may tie up, percent of the capital, 1 to 1,000: 100 in cash, 50 on margin when none.
   */
  assignment_limit_pct?: number | null;
  /**
   * Capital available for this position, in dollars; one contract and "unsized" when none.
   */
  capital?: number | null;
  /**
   * Whether the broker permits defined-risk spreads in a cash account.
   */
  defined_risk?: boolean;
}
/**
 * What a contract must satisfy.
 */
export interface OptionsConstraints {
  /**
   * Most calendar days to the last trade date.
   */
  dte_max?: number;
  /**
   * Fewest calendar days to the last trade date.
   */
  dte_min?: number;
  /**
   * Whether expirations beyond an earnings report are out.
   */
  exclude_earnings?: boolean;
  /**
   * Largest |delta| of the short contract, 0 to 1.
   */
  max_delta?: number;
  /**
   * Widest bid–ask spread, in percent of the mid.
   */
  max_spread_pct?: number;
  /**
   * Smallest credit of a vertical, in percent of its width.
   */
  min_credit_pct?: number;
  /**
   * Smallest open interest, in contracts.
   */
  min_open_interest?: number;
  /**
   * Smallest return in percent per 7 calendar days at the bid.
   */
  min_roc?: number;
  /**
   * What to do when the date is unknown.
   */
  unknown_earnings?: EarningsPolicy;
  /**
   * What to do where a chain reports no open interest at all; a contract that lacks it among others that have it is out.
   */
  unknown_open_interest?: OpenInterestPolicy;
}
/**
 * What is already held in the symbol.
 */
export interface PositionContext {
  /**
   * Dollars paid a share.
   */
  cost_basis?: number | null;
  /**
   * Shares held, for covered calls.
   */
  shares?: number;
}
/**
 * The answer: that of a full analysis as far as it went, and what became of it.
 */
export interface AnalysisResult {
  /**
   * Market time; none when no stage finished.
   */
  as_of?: string | null;
  /**
   * Chart stage.
   */
  chart_analysis?: ChartAnalysisResult | null;
  /**
   * Server time at which the workflow was done.
   */
  completed_at?: string | null;
  /**
   * Whose prices.
   */
  data_source?: MarketSource | null;
  /**
   * Every number in the synthesised text.
   */
  evidence: Evidence[];
  /**
   * The models' part, all stages together.
   */
  model_use?: ModelTotal | null;
  /**
   * The channels that took the notification.
   */
  notified: string[];
  /**
   * Options stage.
   */
  options_analysis?: OptionsAnalysisResult | null;
  /**
   * Verdict.
   */
  overall_recommendation: OverallRecommendation;
  /**
   * Which stage rejected, and why.
   */
  reason?: string | null;
  /**
   * The verdict.
   */
  recommendation: OverallRecommendation;
  /**
   * Which stage rejected, and why.
   */
  reject_reason?: string | null;
  /**
   * The stage that rejected.
   */
  rejected_stage?: Stage | null;
  /**
   * Research stage.
   */
  research_analysis?: ResearchAnalysisResult | null;
  /**
   * Which rule gave the verdict.
   */
  rule?: string | null;
  /**
   * Points of the score, when synthesised.
   */
  score?: number | null;
  /**
   * Where it ended.
   */
  status: AnalysisStatus;
  /**
   * Where the whole result is kept, in an answer in brief.
   */
  stored?: StoredAnalysis | null;
  /**
   * Strategy.
   */
  strategy: Strategy;
  /**
   * The trade.
   */
  suggested_position?: SuggestedPosition | null;
  /**
   * Ticker.
   */
  symbol: string;
  /**
   * Server time at which the stages were done.
   */
  synthesized_at?: string | null;
  /**
   * The text.
   */
  synthesized_rationale?: string | null;
  /**
   * How far it was to go.
   */
  type: AnalysisType;
  /**
   * What a reader must know, all stages.
   */
  warnings: string[];
}
/**
 * The chart analyst's answer.
 */
export interface ChartAnalysisResult {
  /**
   * Market time.
   */
  as_of: string;
  /**
   * Average true range over 14 bars, in dollars.
   */
  atr: number;
  /**
   * The image, where asked for; it is drawn before the trade is known.
   */
  chart_image?: ArtifactLink | null;
  /**
   * The text.
   */
  chart_notes: string;
  /**
   * The image's scene as JSON: where everything is drawn, and `input`, what it is drawn from.
   */
  chart_scene?: ArtifactLink | null;
  /**
   * Whose prices.
   */
  data_source: MarketSource;
  /**
   * Every number in the text.
   */
  evidence: Evidence[];
  /**
   * Extension.
   */
  extension_risk: ExtensionRisk;
  /**
   * Where Fibonacci levels and others agree, nearest first.
   */
  fib_confluence_zones: ConfluenceZone[];
  /**
   * The swing and its levels, where there is one.
   */
  fibonacci?: FibonacciSwing | null;
  /**
   * Gaps that are still open, nearest first.
   */
  gaps: PriceGap[];
  /**
   * Indicators at the last bar, by name: `close`, `sma_20`, `sma_50`, `sma_200`, `year_high`, `all_time_high`, … in dollars;
   * `rsi_14`, `adx_14`; `extension_atr` (close less SMA 20) and slopes in average true ranges; `hv_20`,
   * `atr_14_percent`, `drawdown_percent` in percent. Absent where the history is too short.
   */
  indicators: {
    [k: string]: number;
  };
  /**
   * The model's part, where one was asked for.
   */
  model_use?: ModelUse | null;
  /**
   * The price at `as_of`, in dollars.
   */
  price: number;
  /**
   * Verdict.
   */
  recommendation: ChartRecommendation;
  /**
   * Resistances, nearest first.
   */
  resistance_levels: PriceLevel[];
  /**
   * Which rule gave the verdict: the verdict's word, a colon, the rule in words.
   */
  rule: string;
  /**
   * Supports, nearest first.
   */
  support_levels: PriceLevel[];
  /**
   * Ticker.
   */
  symbol: string;
  /**
   * Tools that a model called; 0 for the deterministic analyst.
   */
  tool_calls_made: number;
  /**
   * Direction.
   */
  trend_direction: TrendDirection;
  /**
   * Quality.
   */
  trend_quality: TrendQuality;
  /**
   * What a reader must know.
   */
  warnings: string[];
}
/**
 * A stored artefact.
 */
export interface ArtifactLink {
  /**
   * Media type.
   */
  media_type: string;
  /**
   * SHA-256 of the bytes, the artefact's name in the store.
   */
  sha256: string;
  /**
   * Length in bytes.
   */
  size: number;
}
/**
 * Which market the numbers are from.
 */
export interface MarketSource {
  /**
   * One line for a person.
   */
  description: string;
  /**
   * Short name of the provider.
   */
  name: string;
  /**
   * Whether the prices are invented.
   */
  simulated: boolean;
}
/**
 * A number that a text mentions: what it is, its exact value, how the text prints it, and where it comes from.
 */
export interface Evidence {
  /**
   * What the number is: `sma_20`, `support_1`.
   */
  name: string;
  /**
   * Where it comes from: `daily bars`, `option chain`.
   */
  source: string;
  /**
   * As printed in the text.
   */
  text: string;
  /**
   * Exact value.
   */
  value: number;
}
/**
 * A price where several methods agree.
 */
export interface ConfluenceZone {
  /**
   * Upper edge.
   */
  high: number;
  /**
   * What coincides: `fib 0.500`, `swing low 580.33`, `SMA 50 576.95`, `gap edge 560.73`, `level 594.58 (4 touches)`.
   */
  levels: string[];
  /**
   * Lower edge.
   */
  low: number;
  /**
   * Dollars.
   */
  price: number;
}
/**
 * The swing that the Fibonacci levels divide.
 */
export interface FibonacciSwing {
  /**
   * Extensions.
   */
  extensions: FibonacciLevel[];
  /**
   * Where it began, in dollars.
   */
  from: number;
  /**
   * Session of its beginning.
   */
  from_date: string;
  /**
   * Retracements.
   */
  retracements: FibonacciLevel[];
  /**
   * Where it ended, in dollars.
   */
  to: number;
  /**
   * Session of its end.
   */
  to_date: string;
}
/**
 * One Fibonacci level.
 */
export interface FibonacciLevel {
  /**
   * Dollars.
   */
  price: number;
  /**
   * 0.236 … 0.786 for retracements, 1.272 and more for extensions.
   */
  ratio: number;
}
/**
 * A gap between two sessions that has not been filled.
 */
export interface PriceGap {
  /**
   * Session that opened with it.
   */
  date: string;
  /**
   * `up` or `down`.
   */
  direction: string;
  /**
   * Upper edge of what is still open.
   */
  high: number;
  /**
   * Lower edge of what is still open.
   */
  low: number;
}
/**
 * A model's part in one stage's result.
 */
export interface ModelUse {
  /**
   * Dollars; none where a turn's price is not known.
   */
  cost_usd?: string | number | null;
  /**
   * Tokens read.
   */
  input_tokens: number;
  /**
   * The verdict before the model lowered it; none where it agreed.
   */
  lowered_from?: string | null;
  /**
   * `provider/model`, as asked for.
   */
  model: string;
  /**
   * Why, for a person; empty where the answer is used.
   */
  note: string;
  /**
   * What became of its answer.
   */
  outcome: ModelOutcome;
  /**
   * Tokens written.
   */
  output_tokens: number;
  /**
   * Tools called.
   */
  tool_calls: number;
  /**
   * Turns taken, those of lost attempts too.
   */
  turns: number;
  /**
   * Numbers of its text that are no facts, as it printed them.
   */
  ungrounded: string[];
}
/**
 * A support or resistance level.
 */
export interface PriceLevel {
  /**
   * Distance from the price in average true ranges; negative below.
   */
  distance_atr: number;
  /**
   * Last session that touched it.
   */
  last_touch: string;
  /**
   * Dollars.
   */
  price: number;
  /**
   * 0 to 1.
   */
  score: number;
  /**
   * `weak`, `moderate`, `strong`.
   */
  strength: string;
  /**
   * How often it was touched.
   */
  touches: number;
  /**
   * What made it: `swing_low`, `swing_high`, `year_low`, `year_high`, or `all_time_low` and `all_time_high` of the
   * history on record.
   */
  type: string;
  /**
   * Upper edge of its zone.
   */
  zone_high: number;
  /**
   * Lower edge of its zone.
   */
  zone_low: number;
}
/**
 * All stages of an analysis together.
 */
export interface ModelTotal {
  /**
   * Dollars; none where a turn's price is not known.
   */
  cost_usd?: string | number | null;
  /**
   * Tokens read.
   */
  input_tokens: number;
  /**
   * `provider/model`, as asked for.
   */
  model: string;
  /**
   * Tokens written.
   */
  output_tokens: number;
  /**
   * Stages that a model was asked for.
   */
  stages: number;
  /**
   * Stages whose text is the model's.
   */
  stages_used: number;
  /**
   * Tools called.
   */
  tool_calls: number;
  /**
   * Turns taken.
   */
  turns: number;
}
/**
 * The options analyst's answer.
 */
export interface OptionsAnalysisResult {
  /**
   * Other contracts and why they lost.
   */
  alternative_strikes: Alternative[];
  /**
   * Market time.
   */
  as_of: string;
  /**
   * The best contract as a position.
   */
  best?: SuggestedPosition | null;
  /**
   * Its listed expiration, `YYYY-MM-DD`.
   */
  best_expiration?: string | null;
  /**
   * Strike of the best contract.
   */
  best_strike?: number | null;
  /**
   * The constraint that binds, when nothing passes.
   */
  binding_constraint?: string | null;
  /**
   * Market time of the chain.
   */
  chain_time: string;
  /**
   * The constraints as applied.
   */
  constraints: OptionsConstraints;
  /**
   * Contracts looked at.
   */
  contracts_considered: number;
  /**
   * Whose prices.
   */
  data_source: MarketSource;
  /**
   * Its delta, signed, per share.
   */
  delta?: number | null;
  /**
   * Its days to the last trade date.
   */
  dte?: number | null;
  /**
   * Whether the next earnings date is known.
   */
  earnings_known: boolean;
  /**
   * Every number in the text.
   */
  evidence: Evidence[];
  /**
   * Exit plan of the best contract.
   */
  exit_plan: ExitTrigger[];
  /**
   * Expected moves of the expirations inside the days wanted, nearest first.
   */
  expected_moves: ExpectedMove[];
  /**
   * How many contracts failed each constraint.
   */
  fail_counts: {
    [k: string]: number;
  };
  /**
   * Its gamma, per share.
   */
  gamma?: number | null;
  /**
   * 30-day close-to-close volatility as a fraction.
   */
  hv30?: number | null;
  /**
   * Implied events.
   */
  implied_events: ImpliedEventNote[];
  /**
   * 30-day implied volatility as a fraction.
   */
  iv30?: number | null;
  /**
   * 30-day implied volatility over 30-day historical volatility.
   */
  iv_hv_ratio?: number | null;
  /**
   * Share of the stored sessions with a lower implied volatility, 0 to 100; none as the rank.
   */
  iv_percentile?: number | null;
  /**
   * IV rank, 0 to 100, over the stored sessions, or as the provider ranks it where none are stored; none under 126 sessions.
   */
  iv_rank?: number | null;
  /**
   * Why there is no IV rank.
   */
  iv_rank_missing?: string | null;
  /**
   * `excellent`, `good`, `fair` or `poor`, of the best contract (the worse leg of a vertical); `none` without one.
   */
  liquidity_score: string;
  /**
   * The model's part, where one was asked for.
   */
  model_use?: ModelUse | null;
  /**
   * The three nearest misses, when nothing passes.
   */
  nearest_misses: NearestMiss[];
  /**
   * The whole text.
   */
  options_notes: string;
  /**
   * One paragraph: the verdict and the trade.
   */
  rationale: string;
  /**
   * Verdict.
   */
  recommendation: OptionsRecommendation;
  /**
   * What misses on a watchlist verdict: percent per 7 days short of the constraint.
   */
  roc_shortfall?: number | null;
  /**
   * Which rule gave the verdict.
   */
  rule: string;
  /**
   * The smallest relaxation that would admit a contract, when nothing passes.
   */
  smallest_relaxation?: string | null;
  /**
   * Which vertical.
   */
  spread_type?: SpreadType | null;
  /**
   * Whether the prices are too old or too doubtful for a pick: a chain of another session, or over five minutes older than its feed's delay explains; a chain, a
   * quote and options that do not agree on the price; or a price of the underlying that is stale, halted, crossed or one-sided.
   */
  stale: boolean;
  /**
   * Strategy.
   */
  strategy: Strategy;
  /**
   * Ticker.
   */
  symbol: string;
  /**
   * Its theta in dollars a share and calendar day.
   */
  theta?: number | null;
  /**
   * Tools that a model called; 0 for the deterministic analyst.
   */
  tool_calls_made: number;
  /**
   * Price of the underlying at `as_of`, in dollars.
   */
  underlying_price: number;
  /**
   * What is not known and would matter, a phrase each.
   */
  unknowns?: string[];
  /**
   * Its vega in dollars a share and volatility point.
   */
  vega?: number | null;
  /**
   * What a reader must know.
   */
  warnings: string[];
  /**
   * Its return in percent per 7 days at the bid.
   */
  weekly_roc?: number | null;
}
/**
 * Another contract, and why it is not the best.
 */
export interface Alternative {
  /**
   * OCC symbol of the short contract.
   */
  contract: string;
  /**
   * Credit in dollars a share, at the bid (a vertical's natural price).
   */
  credit: number;
  /**
   * |delta| is compared; this is signed.
   */
  delta?: number | null;
  /**
   * From one standard deviation under the price (for calls: over it) to the strike in average true ranges; negative below it.
   */
  distance_to_one_sd_atr?: number | null;
  /**
   * From the nearest support (for calls: resistance) to the strike in average true ranges; negative below it.
   */
  distance_to_support_atr?: number | null;
  /**
   * Days to the last trade date.
   */
  dte: number;
  /**
   * Listed expiration.
   */
  expiration: string;
  /**
   * OCC symbol of the long contract of a vertical.
   */
  long_contract?: string | null;
  /**
   * Strike of the long contract of a vertical, in dollars.
   */
  long_strike?: number | null;
  /**
   * Risk-neutral probability of profit, 0 to 1.
   */
  probability_of_profit?: number | null;
  /**
   * Why it lost.
   */
  reason: string;
  /**
   * Call or put.
   */
  right: OptionRight;
  /**
   * Why it is shown, joined by `+`: `runner_up`, `beyond_level` (the best strike at or below the nearest support, for calls at or above the nearest
   * resistance), `beyond_one_sd`, `locks_in_loss` (the best that is out for selling the shares under their cost).
   */
  role: string;
  /**
   * Strike of the short contract, in dollars.
   */
  strike: number;
  /**
   * Percent per 7 days.
   */
  weekly_roc: number;
}
/**
 * A position that the analysis suggests.
 */
export interface SuggestedPosition {
  /**
   * Ask of the short contract.
   */
  ask: number;
  /**
   * The most capital that assignment may tie up, percent of the capital.
   */
  assignment_limit_pct?: number;
  /**
   * Dollars that all contracts bind once they are assigned: the strikes in cash, half of them on margin; `collateral` where assignment needs no
   * more.
   */
  at_assignment?: number;
  /**
   * Bid of the short contract.
   */
  bid: number;
  /**
   * Price of the underlying at which nothing is lost at expiration.
   */
  breakeven: number;
  /**
   * Whether the shares of a covered call are bought with it.
   */
  buy_write: boolean;
  /**
   * Cash that all contracts bind in a cash account, in dollars.
   */
  cash_required: number;
  /**
   * Cash or margin that all contracts bind, in dollars.
   */
  collateral: number;
  /**
   * OCC symbol of the short contract.
   */
  contract: string;
  /**
   * How many contracts; 0 where the capital carries none.
   */
  contracts: number;
  /**
   * Credit in dollars a share at the natural price (the short bid, less the long ask).
   */
  credit: number;
  /**
   * Delta of one short share, signed.
   */
  delta?: number | null;
  /**
   * Days to the last trade date.
   */
  dte: number;
  /**
   * What happens before its expiration and touches it: earnings, an ex-date of a short call, an event that options are pricing in.
   */
  events?: string[];
  /**
   * Ex-dates that a short call lives through: the days before which early assignment is likely.
   */
  ex_dates: CashDividend[];
  /**
   * When to leave.
   */
  exit_plan: ExitTrigger[];
  /**
   * Listed expiration.
   */
  expiration: string;
  /**
   * If-called return of a covered call, in percent.
   */
  if_called_return?: number | null;
  /**
   * Implied volatility of the short contract, a fraction.
   */
  iv?: number | null;
  /**
   * Last session in which it trades.
   */
  last_trade_date: string;
  /**
   * Whether assignment of a covered call would lock in a loss against the cost basis.
   */
  locks_in_loss: boolean;
  /**
   * OCC symbol of the long contract of a vertical.
   */
  long_contract?: string | null;
  /**
   * Strike of the long contract.
   */
  long_strike?: number | null;
  /**
   * Dollars lost at expiration after a move of 20 % against the position, all contracts, positive.
   */
  loss_on_20_pct_move?: number;
  /**
   * Dollars at worst, all contracts, positive.
   */
  max_loss: number;
  /**
   * Dollars at best, all contracts.
   */
  max_profit: number;
  /**
   * The same less the credit.
   */
  net_of_premium: number;
  /**
   * Open interest of the short contract.
   */
  open_interest?: number | null;
  /**
   * Risk-neutral probability of profit at expiration, 0 to 1.
   */
  probability_of_profit?: number | null;
  /**
   * Reg-T initial margin of all contracts, in dollars.
   */
  regt_margin: number;
  /**
   * Percent per 365 days, simple.
   */
  roc_annual: number;
  /**
   * Percent per 365 days, compounded.
   */
  roc_annual_compound: number;
  /**
   * Percent over the period.
   */
  roc_period: number;
  /**
   * Percent per 7 days, simple.
   */
  roc_weekly: number;
  /**
   * `sized` by the capital or the shares held, `unsized` (one contract, capital unknown), or `too_small` (the capital carries none; the dollar figures are those of
   * one contract).
   */
  sizing: string;
  /**
   * Bid–ask spread in percent of the mid.
   */
  spread_pct?: number | null;
  /**
   * Strategy.
   */
  strategy: Strategy;
  /**
   * Strike of the short contract.
   */
  strike: number;
}
/**
 * A cash dividend per share, in dollars of its ex-date's shares unless said otherwise.
 */
export interface CashDividend {
  /**
   * Dollars a share.
   */
  amount: number;
  /**
   * First session without it.
   */
  ex_date: string;
  /**
   * Paid, declared or projected.
   */
  status: DividendStatus;
}
/**
 * When to leave a position, as a price and a date.
 */
export interface ExitTrigger {
  /**
   * The session on which it fires or by which it should.
   */
  date?: string | null;
  /**
   * `take_profit`, `review`, `tested`, `stop_loss`.
   */
  kind: string;
  /**
   * Option price (a vertical's debit) or underlying price at which it fires, in dollars.
   */
  price?: number | null;
  /**
   * Whose price: `option`, `underlying`.
   */
  price_of?: string | null;
  /**
   * One sentence.
   */
  text: string;
}
/**
 * How far the market expects the price to move by the expiration.
 */
export interface ExpectedMove {
  /**
   * Volatility at the money, a fraction.
   */
  atm_iv: number;
  /**
   * Days to the last trade date.
   */
  dte: number;
  /**
   * S·IV·√T in dollars.
   */
  expected_move_1sd: number;
  /**
   * Mid of the at-the-money straddle, in dollars; none where one side has no two-sided quote.
   */
  expected_move_straddle?: number | null;
  /**
   * Listed expiration.
   */
  expiration: string;
}
/**
 * A jump of the forward volatility between two expirations: the market expects something there.
 */
export interface ImpliedEventNote {
  /**
   * Last trade date of the expiration before it.
   */
  after: string;
  /**
   * Forward volatility of the stretch before, in percent.
   */
  base_volatility: number;
  /**
   * Last trade date of the expiration by which it has happened.
   */
  before: string;
  /**
   * Forward volatility between the two, in percent.
   */
  forward_volatility: number;
}
/**
 * A contract that just misses.
 */
export interface NearestMiss {
  /**
   * OCC symbol.
   */
  contract: string;
  /**
   * As a person says it: `AAPL 2014-06-21 630 put`.
   */
  description: string;
  /**
   * What it misses and by how much.
   */
  misses: string[];
}
/**
 * The research analyst's answer.
 */
export interface ResearchAnalysisResult {
  /**
   * Market time.
   */
  as_of: string;
  /**
   * Whose data.
   */
  data_source: MarketSource;
  /**
   * Whether the company confirmed its date; an estimate may be a week off either way. None where no date is known.
   */
  earnings_confirmed?: boolean | null;
  /**
   * Whether an earnings date is known at all.
   */
  earnings_known: boolean;
  /**
   * From the next earnings report.
   */
  earnings_risk: RiskLevel;
  /**
   * Every number in the text.
   */
  evidence: Evidence[];
  /**
   * The model's part, where one was asked for.
   */
  model_use?: ModelUse | null;
  /**
   * From the news.
   */
  news_risk: RiskLevel;
  /**
   * Next earnings report, where known.
   */
  next_earnings?: string | null;
  /**
   * Verdict.
   */
  recommendation: ResearchRecommendation;
  /**
   * The red flags, one sentence each.
   */
  red_flags: string[];
  /**
   * The text.
   */
  research_notes: string;
  /**
   * Which rule gave the verdict.
   */
  rule: string;
  /**
   * Tone of the news.
   */
  sentiment: Sentiment;
  /**
   * From short interest.
   */
  short_interest_risk: RiskLevel;
  /**
   * Stories of the news window; none where the provider keeps no news.
   */
  stories?: number | null;
  /**
   * Ticker.
   */
  symbol: string;
  /**
   * What could not be looked at, and why.
   */
  unknowns: string[];
  /**
   * What a reader must know.
   */
  warnings: string[];
}
/**
 * Where the whole result of an analysis is kept.
 */
export interface StoredAnalysis {
  /**
   * Its run.
   */
  run_id: string;
  /**
   * The workflow.
   */
  workflow_id: string;
}
/**
 * The whole analysis.
 */
export interface AnalysisProgress {
  /**
   * Whether the run is an exercise in which deaths are noticed fast.
   */
  drill?: boolean;
  /**
   * `live`, `delayed`, `recorded` or `simulated`; none before a stage has read the market.
   */
  market?: string | null;
  /**
   * The stages in order.
   */
  stages: StageProgress[];
  /**
   * Ticker.
   */
  symbol: string;
  /**
   * Working time so far, in milliseconds.
   */
  working_ms: number;
}
/**
 * One stage.
 */
export interface StageProgress {
  /**
   * Failed answers so far.
   */
  failed_answers: number;
  /**
   * Attempts lost with their worker.
   */
  lost_attempts: number;
  /**
   * The last failure, or what came out.
   */
  note: string;
  /**
   * Which.
   */
  stage: Stage;
  /**
   * Where it is.
   */
  state: StageState;
}
/**
 * Every user's saved screeners that run by themselves.
 */
export interface AutoRunScreenersParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * What it does where it begins late.
   */
  lateness?: LatenessPolicy;
  /**
   * Screeners that run at the same time, 1 to 20; 3 by default.
   */
  max_concurrent?: number;
  /**
   * Most candidates of each screener, 1 to 1,000; 50 by default.
   */
  max_symbols?: number;
  /**
   * Only this user's; everybody's when none.
   */
  user_id?: UserId | null;
}
/**
 * How late a scheduled run may begin, and what it does when it is later.
 */
export interface LatenessPolicy {
  /**
   * Minutes after which a run is late.
   */
  grace_minutes?: number;
  /**
   * What it does then.
   */
  then?: WhenLate;
}
/**
 * What became of all of them.
 */
export interface AutoRunScreenersResult {
  /**
   * Screeners that ran to their end.
   */
  completed?: number;
  /**
   * When the schedule wanted it; none where somebody started it.
   */
  due_at?: string | null;
  /**
   * Screeners that failed.
   */
  failed?: number;
  /**
   * How late it began; none where it was not.
   */
  lateness?: Lateness | null;
  /**
   * Each of them, in the order in which they ended.
   */
  screens?: AutoRunScreen[];
  /**
   * Screeners whose run before is still under way.
   */
  skipped?: number;
  /**
   * What a reader must know.
   */
  warnings?: string[];
}
/**
 * How late a run began, by the market's clock, and what it did about it.
 */
export interface Lateness {
  /**
   * When the schedule wanted it.
   */
  due_at: string;
  /**
   * The market's time when it began.
   */
  market_now: string;
  /**
   * Whole minutes between them.
   */
  minutes: number;
  /**
   * What it did then.
   */
  then: WhenLate;
}
/**
 * A screener, and what became of it.
 */
export interface AutoRunScreen {
  /**
   * Its name.
   */
  name: string;
  /**
   * Whether its channels were told, or will be.
   */
  notified: boolean;
  /**
   * What became of it.
   */
  outcome: AutoRunOutcome;
  /**
   * Its picks.
   */
  picks: number;
  /**
   * Why it did not run, or what of it did not.
   */
  reason?: string | null;
  /**
   * Whose.
   */
  user_id: UserId;
  /**
   * The workflow that ran it.
   */
  workflow_id: string;
}
/**
 * A screen for puts to sell.
 */
export interface CSPScreenerParams {
  /**
   * The account that would trade. Its `capital` stands instead of a broker's buying power.
   */
  account?: AccountContext;
  /**
   * The broker's account whose buying power and positions count; the first one when none and no capital is stated.
   */
  account_id?: string | null;
  /**
   * Market time, from 1990 to 2099; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Most calendar days to the last trade date; 45 by default.
   */
  dte_max?: number;
  /**
   * Fewest calendar days to the last trade date; 14 by default.
   */
  dte_min?: number;
  /**
   * When a schedule wanted the run, where its parent knows; its own schedule's time when none.
   */
  due_at?: string | null;
  /**
   * Whether expirations beyond an earnings report are out; yes by default.
   */
  exclude_earnings?: boolean;
  /**
   * Never a candidate, at most 1,000.
   *
   * @maxItems 1000
   */
  exclude_symbols?: Symbol[];
  /**
   * Whether full analyses draw their charts; yes by default.
   */
  include_chart_image?: boolean;
  /**
   * Whether a scan finds funds, too; no by default.
   */
  include_funds?: boolean;
  /**
   * Candidates beside the scan's, at most 1,000.
   *
   * @maxItems 1000
   */
  include_symbols?: Symbol[];
  /**
   * What a run of a schedule does where it begins late.
   */
  lateness?: LatenessPolicy;
  /**
   * Most candidates of the scan, 1 to 1,000; 500 by default.
   */
  max_candidates?: number;
  /**
   * Most full analyses, 1 to 100; 20 by default. Quick ones are not counted.
   */
  max_candidates_to_analyze?: number;
  /**
   * Batches of quick analyses, and full analyses, that are under way at the same time, 1 to 20; 5 by default.
   */
  max_concurrent?: number;
  /**
   * Largest |delta| of the short contract, 0 to 1; 0.3 by default.
   */
  max_delta?: number;
  /**
   * Picks after which no more full analyses are started, 1 to 50; 5 by default.
   */
  max_picks?: number;
  /**
   * Highest price in dollars; 100 for a scan and none for a list when none.
   */
  max_price?: number | null;
  /**
   * Widest bid–ask spread in percent of the mid; 10 by default.
   */
  max_spread_pct?: number;
  /**
   * The most in one symbol, existing positions included, in percent of net liquidation (of a stated capital), 1 to 100; 20 when none,
   * and no cap on a stated capital.
   */
  max_symbol_pct?: number | null;
  /**
   * Smallest credit of a vertical in percent of its width; 20 by default.
   */
  min_credit_pct?: number;
  /**
   * Least IV rank, 0 to 100; none when none. A rank that is not known does not drop a candidate.
   */
  min_iv_rank?: number | null;
  /**
   * Least market capitalisation in dollars; a bound of the scan, refused beside `symbols`. No bound when none.
   */
  min_market_cap?: number | null;
  /**
   * Smallest open interest in contracts; 100 by default.
   */
  min_open_interest?: number;
  /**
   * Lowest price in dollars; 5 for a scan and none for a list when none.
   */
  min_price?: number | null;
  /**
   * Smallest return at the bid in percent per 7 calendar days; 0.5 by default.
   */
  min_roc_weekly?: number;
  /**
   * Least average daily volume in shares; 1,000,000 for a scan and none for a list when none.
   */
  min_volume?: number | null;
  /**
   * Model of the AI analysts in full analyses, `provider/model`; the deterministic analysts when none.
   */
  model?: ModelName | null;
  /**
   * By what the picks are ranked: `return_at_bid` (default), `probability_weighted` or `wheel_score`.
   */
  ranking?: ScreenRanking;
  /**
   * The screen's name, 1 to 128 bytes: its runs are compared with each other. A screen without one is compared with runs of the
   * same criteria.
   */
  screener_id?: string | null;
  /**
   * Sectors as the scan's provider names them, refused beside `symbols`; all when empty.
   *
   * @maxItems 50
   */
  sectors?: string[];
  /**
   * Only these symbols, at most 1,000, and no scan; the scan's when empty.
   *
   * @maxItems 1000
   */
  symbols?: Symbol[];
  /**
   * What to do when the date is unknown: `exclude`, `warn` (default) or `allow`.
   */
  unknown_earnings?: EarningsPolicy;
  /**
   * What to do where a chain reports no open interest at all; `warn` by default.
   */
  unknown_open_interest?: OpenInterestPolicy;
  /**
   * Whose screen.
   */
  user_id?: UserId;
}
/**
 * What the screen for puts answers.
 */
export interface CSPScreenerResult {
  /**
   * Market time; none when nothing was looked at.
   */
  as_of?: string | null;
  /**
   * Full analyses that came to an end.
   */
  candidates_analyzed: number;
  /**
   * Candidates of the scan or the list.
   */
  candidates_screened: number;
  /**
   * The capital that the picks were fitted to.
   */
  capital: FreeCapital;
  /**
   * How the picks differ from the run before.
   */
  changes: ScreenChanges;
  /**
   * Dollars that all picks bind together.
   */
  collateral: string | number;
  /**
   * Whose prices.
   */
  data_source?: MarketSource | null;
  /**
   * The other candidates, by reason. Their numbers are in the store.
   */
  dropped: DroppedCandidates[];
  /**
   * Candidates that could not be looked at, by reason; analyses that failed, timed out or were cancelled.
   */
  failed: DroppedCandidates[];
  /**
   * How late it began after a schedule wanted it; none where it was not.
   */
  lateness?: Lateness | null;
  /**
   * Whether the screen ended before it was through: out of working time.
   */
  partial?: boolean;
  /**
   * What is said of each pick beside its analysis, in the same order.
   */
  picks: ScreenPick[];
  /**
   * Quick analyses.
   */
  quick_analyzed: number;
  /**
   * By what they are ranked.
   */
  ranking: ScreenRanking;
  /**
   * The picks, best first: full analyses in brief, their stages null, the key of the whole in `stored`.
   */
  recommendations: FullAnalysisResult[];
  /**
   * Where it is kept.
   */
  run: ScreenRun;
  /**
   * What a reader must know.
   */
  warnings: string[];
}
/**
 * What new positions may bind. Dollars are decimals as text.
 */
export interface FreeCapital {
  /**
   * Dollars that all new positions together may bind; none where nothing is known.
   */
  free?: string | number | null;
  /**
   * Dollars that positions in a symbol bind already.
   */
  held?: {
    [k: string]: string | number;
  };
  /**
   * How late the run is; none where it is not, and where nobody wants to know.
   */
  lateness?: Lateness | null;
  /**
   * What could not be read, a sentence each.
   */
  problems?: string[];
  /**
   * Where it is from, for a reader: `the buying power of account 5WT00001`.
   */
  source?: string;
  /**
   * The most that one symbol may bind, existing positions included; none without a cap.
   */
  symbol_cap?: string | number | null;
  /**
   * The cap in percent.
   */
  symbol_cap_pct?: number | null;
}
/**
 * How the picks differ from those of the screen's run before.
 */
export interface ScreenChanges {
  /**
   * Picks of both that rank higher by their value now.
   */
  better?: Symbol[];
  /**
   * Picks of it that are none any more.
   */
  gone?: Symbol[];
  /**
   * Picks that it had not.
   */
  new?: Symbol[];
  /**
   * The workflow of that run; none where there was none.
   */
  since?: StoredAnalysis | null;
  /**
   * When that run looked at the market.
   */
  since_as_of?: string | null;
  /**
   * Picks of both that rank lower by their value now.
   */
  worse?: Symbol[];
}
/**
 * Candidates that were dropped for one reason.
 */
export interface DroppedCandidates {
  /**
   * The reason by name: `earnings`, `roc`, `chart`, `failed`.
   */
  code: string;
  /**
   * The reason for a reader. Each candidate's own numbers are in the store.
   */
  reason: string;
  /**
   * Who.
   */
  symbols: Symbol[];
}
/**
 * What is said of a pick beside its analysis.
 */
export interface ScreenPick {
  /**
   * Dollars that they bind.
   */
  collateral: string | number;
  /**
   * Contracts that fit beside the picks before it.
   */
  contracts: number;
  /**
   * Why not more, for a reader.
   */
  limit: string;
  /**
   * How often the price stayed on the right side of the same distance in the past.
   */
  observed?: ObservedFrequency | null;
  /**
   * The three rankings.
   */
  scores: ScreenScores;
  /**
   * Ticker.
   */
  symbol: Symbol;
}
/**
 * How often the underlying's own past would have let the contract expire without value.
 */
export interface ObservedFrequency {
  /**
   * Windows looked at. They overlap: each session begins one.
   */
  n: number;
  /**
   * Sessions of a window.
   */
  sessions: number;
  /**
   * Share of the windows in which the price closed on the right side of the same relative distance, 0 to 1.
   */
  share: number;
}
/**
 * The three rankings of a contract, side by side.
 */
export interface ScreenScores {
  /**
   * That return times the risk-neutral probability of profit; none where there is no probability.
   */
  probability_weighted?: number | null;
  /**
   * Return at the bid in percent per 7 days.
   */
  return_at_bid: number;
  /**
   * (1 − |delta|) · 250 / (dte + 5) · bid / strike; none where there is no delta.
   */
  wheel_score?: number | null;
}
/**
 * The whole answer.
 */
export interface FullAnalysisResult {
  /**
   * Market time; none when no stage finished.
   */
  as_of?: string | null;
  /**
   * Chart stage.
   */
  chart_analysis?: ChartAnalysisResult | null;
  /**
   * Whose prices.
   */
  data_source?: MarketSource | null;
  /**
   * Every number in the synthesised text.
   */
  evidence: Evidence[];
  /**
   * The models' part, all stages together.
   */
  model_use?: ModelTotal | null;
  /**
   * Options stage.
   */
  options_analysis?: OptionsAnalysisResult | null;
  /**
   * Verdict.
   */
  overall_recommendation: OverallRecommendation;
  /**
   * Which stage rejected, and why.
   */
  reject_reason?: string | null;
  /**
   * The stage that rejected.
   */
  rejected_stage?: Stage | null;
  /**
   * Research stage.
   */
  research_analysis?: ResearchAnalysisResult | null;
  /**
   * Which rule gave the verdict.
   */
  rule?: string | null;
  /**
   * Points of the score, when synthesised.
   */
  score?: number | null;
  /**
   * Where the whole result is kept, in an answer in brief.
   */
  stored?: StoredAnalysis | null;
  /**
   * Strategy.
   */
  strategy: Strategy;
  /**
   * The trade.
   */
  suggested_position?: SuggestedPosition | null;
  /**
   * Ticker.
   */
  symbol: string;
  /**
   * The text.
   */
  synthesized_rationale?: string | null;
  /**
   * What a reader must know, all stages.
   */
  warnings: string[];
}
/**
 * Which run of which screen results belong to.
 */
export interface ScreenRun {
  /**
   * Its run.
   */
  run_id: string;
  /**
   * The screen's name: its runs are compared with each other.
   */
  screen: string;
  /**
   * Whose.
   */
  user_id: UserId;
  /**
   * The workflow.
   */
  workflow_id: string;
}
/**
 * Where a screen is: its `status`.
 */
export interface ScreenProgress {
  /**
   * Full analyses that are done.
   */
  analyzed?: number;
  /**
   * Full analyses under way.
   */
  analyzing?: Symbol[];
  /**
   * Candidates.
   */
  candidates?: number;
  /**
   * Candidates that were dropped or failed.
   */
  dropped?: number;
  /**
   * Picks so far.
   */
  picks?: Symbol[];
  /**
   * Quick analyses that are done.
   */
  quick_analyzed?: number;
  /**
   * What it is doing.
   */
  step?: string;
  /**
   * Milliseconds of working time.
   */
  working_ms?: number;
}
/**
 * What to analyse.
 */
export interface ChartAnalysisParams {
  /**
   * How much history; standard by default.
   */
  analysis_depth?: AnalysisDepth;
  /**
   * Market time of the analysis, from 1990 to 2099; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats.
   */
  drill?: boolean;
  /**
   * Whether to draw and store an image; yes by default.
   */
  include_chart_image?: boolean;
  /**
   * Model of an AI analyst, `provider/model`; the deterministic analyst when none.
   */
  model?: ModelName | null;
  /**
   * Ticker.
   */
  symbol: Symbol;
  /**
   * Bars; daily by default.
   */
  timeframe?: Timeframe;
  /**
   * Whose analysis it is.
   */
  user_id?: UserId;
}
/**
 * Params of `DailyTradingWorkflow`.
 */
export interface DailyTradingParams {
  /**
   * The broker's number of the account; the first one when empty.
   */
  account_id?: string;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Whether it only decides: nothing is ordered.
   */
  dry_run?: boolean;
  /**
   * What a scheduled run does that begins late; it tells its decision and orders nothing unless told otherwise.
   */
  lateness?: LatenessPolicy;
  /**
   * Limits of this run.
   */
  limits?: RunLimits;
  /**
   * Channels to be told; by the user's routes when none.
   */
  notify_channels?: ChannelName[];
  /**
   * The screen whose best pick of the day is written, by its name among the user's; any of today's when none.
   */
  screen?: string | null;
  /**
   * Which strategy decides; `spy_spx` by default.
   */
  strategy?: TradingStrategy;
  /**
   * Whose account.
   */
  user_id?: UserId;
}
/**
 * Limits of a run. They can only tighten what the worker's configuration allows; what is not set is as configured.
 */
export interface RunLimits {
  /**
   * Dollars that the day's opening orders may lose together.
   */
  max_day_risk?: string | number | null;
  /**
   * Dollars that one order may lose.
   */
  max_order_risk?: string | number | null;
  /**
   * Units of one order.
   */
  max_order_units?: number | null;
  /**
   * The widest market of any leg, percent of its mid.
   */
  max_spread_percent?: string | number | null;
  /**
   * Dollars that everything in one underlying may lose.
   */
  max_symbol_risk?: string | number | null;
}
/**
 * What `DailyTradingWorkflow` answers.
 */
export interface DailyTradingResult {
  /**
   * What was decided.
   */
  decision?: TradeDecision;
  /**
   * How late it began; none where it did not.
   */
  lateness?: Lateness | null;
  /**
   * The workflow that watches the position; none where there is none.
   */
  monitor?: string | null;
  /**
   * The orders of the entry, in the order in which they were proposed.
   */
  orders?: TradeOrder[];
  /**
   * How the position ended; none where the run did not wait for it.
   */
  position?: PositionMonitorResult | null;
  /**
   * How it ended.
   */
  status?: TradingRunStatus;
  /**
   * What would become of the order, where the run only decided; none where there would be none.
   */
  verdict?: OrderVerdict | null;
  /**
   * What went wrong beside it, a sentence each.
   */
  warnings?: string[];
}
/**
 * Whether to trade today, and why or why not.
 */
export interface TradeDecision {
  /**
   * The account.
   */
  account_id?: string;
  /**
   * Every condition that was looked at.
   */
  conditions?: TradeCondition[];
  /**
   * Dollars a share received for one unit at the mid, negative paid.
   */
  entry_credit?: number | null;
  /**
   * The day on which its options expire.
   */
  expiry?: string | null;
  /**
   * What it was decided by.
   */
  facts?: TradeFacts;
  /**
   * The first sentence that a trader reads: what is traded, or why nothing is.
   */
  reason?: string;
  /**
   * Whether.
   */
  should_trade?: boolean;
  /**
   * Strike of the SPX call in dollars; none of another strategy.
   */
  spx_strike?: number | null;
  /**
   * Strike of the SPY calls in dollars; none of another strategy.
   */
  spy_strike?: number | null;
  /**
   * Which strategy decided.
   */
  strategy?: TradingStrategy;
  /**
   * The trade; none where there is to be none.
   */
  trade?: DecidedTrade | null;
  /**
   * What a trader has to know, a sentence each.
   */
  warnings?: string[];
}
/**
 * One condition of a strategy, looked at.
 */
export interface TradeCondition {
  /**
   * Whether it holds.
   */
  holds: boolean;
  /**
   * Its name.
   */
  name: string;
  /**
   * Why, for a trader.
   */
  sentence: string;
}
/**
 * What a strategy decides by.
 */
export interface TradeFacts {
  /**
   * The account.
   */
  account_id?: string;
  /**
   * The market's time.
   */
  as_of?: string | null;
  /**
   * The broker.
   */
  broker?: string;
  /**
   * Which market.
   */
  data_source?: MarketSource | null;
  /**
   * The facts, in the strategy's own shape; stored with the decision.
   */
  facts?: {
    [k: string]: unknown;
  };
  /**
   * How late the run is; none where it is not.
   */
  lateness?: Lateness | null;
  /**
   * Whether no real money is in it.
   */
  paper?: boolean;
  /**
   * For which strategy.
   */
  strategy?: TradingStrategy;
}
/**
 * The trade that was decided.
 */
export interface DecidedTrade {
  /**
   * When it is left, as the rules of exits read it.
   */
  exit: {
    [k: string]: unknown;
  };
  /**
   * The day on which its options expire.
   */
  expiration: string;
  /**
   * What: 1 to 4 legs.
   */
  legs: IntentLeg[];
  /**
   * The mid of one unit, dollars a share.
   */
  limit: NetPrice;
  /**
   * Units.
   */
  quantity: number;
  /**
   * The worst price at which it is still worth it.
   */
  worst: NetPrice;
}
/**
 * One leg of a trade.
 */
export interface IntentLeg {
  /**
   * Which way.
   */
  action: OrderAction;
  /**
   * What: a ticker or an OCC symbol.
   */
  instrument: Instrument;
  /**
   * Shares or contracts in one unit, at least 1.
   */
  ratio: number;
}
/**
 * At most this much is paid.
 */
export interface NetPriceDebit {
  debit: string | number;
}
/**
 * At least this much is received.
 */
export interface NetPriceCredit {
  credit: string | number;
}
/**
 * An order as a run knows it.
 */
export interface TradeOrder {
  /**
   * The account.
   */
  account_id: string;
  /**
   * Seconds from this answer to that time, on the server's clock.
   */
  approval_seconds?: number;
  /**
   * Until when it may be approved, or used once it is; none where it was not asked for.
   */
  approval_until?: string | null;
  /**
   * Who approved it; none while nobody did.
   */
  approved_by?: string | null;
  /**
   * Average price of what was filled, dollars a share of one unit: positive paid, negative received. None while nothing is.
   */
  average_price?: string | number | null;
  /**
   * Whether the legs are filled in their ratio.
   */
  balanced: boolean;
  /**
   * The broker.
   */
  broker: string;
  /**
   * What the risk gate said; empty before it was asked.
   */
  checks?: OrderCheck[];
  /**
   * Units of which every leg is filled.
   */
  filled: string | number;
  /**
   * The client order id, by which the broker knows it.
   */
  id: string;
  /**
   * Which step of the legging plan; none for an order of all legs.
   */
  leg?: number | null;
  /**
   * What.
   */
  legs: IntentLeg[];
  /**
   * The limit of one unit, dollars a share.
   */
  limit: NetPrice;
  /**
   * Whether no real money is in the account.
   */
  paper: boolean;
  /**
   * Where it stands.
   */
  phase: OrderPhase;
  /**
   * How far it gives way; none where an answer does not say it anew.
   */
  prices?: OrderPrices | null;
  /**
   * Why it is sent.
   */
  purpose: OrderPurpose;
  /**
   * Units ordered.
   */
  quantity: number;
  /**
   * Dollars that it may lose; none where not known.
   */
  risk?: string | number | null;
  /**
   * Why it did not go on, or what became of it, for a trader.
   */
  sentence: string;
  /**
   * The number of the order for this purpose and leg, from 0.
   */
  sequence: number;
  /**
   * The strategy.
   */
  strategy: TradingStrategy;
}
/**
 * One rule of the risk gate, looked at.
 */
export interface OrderCheck {
  /**
   * `passed`, `failed` or `not_known`.
   */
  outcome: string;
  /**
   * Which.
   */
  rule: string;
  /**
   * Why, for a trader.
   */
  sentence: string;
}
/**
 * Another order of the broker took its place.
 */
export interface OrderPhaseReplaced {
  replaced: {
    /**
     * The broker's id of that order.
     */
    by: string;
  };
}
/**
 * How far the price of an order gives way.
 */
export interface OrderPrices {
  /**
   * Seconds that each price is tried.
   */
  seconds_a_step: number;
  /**
   * The prices to try after the limit, one after the other.
   */
  walk: NetPrice[];
  /**
   * The worst price that leave was asked for.
   */
  worst: NetPrice;
}
/**
 * What `PositionMonitorWorkflow` answers.
 */
export interface PositionMonitorResult {
  /**
   * `closed_early` or `held_to_expiration`.
   */
  action?: string;
  /**
   * How, exactly.
   */
  end?: PositionEnd | null;
  /**
   * The order that closed it; none where none of ours did.
   */
  order?: TradeOrder | null;
  /**
   * Why, for a trader.
   */
  sentence?: string;
  /**
   * The monitor of the position that a roll opened.
   */
  successor?: string | null;
  /**
   * The trade as it was logged.
   */
  trade?: TradeSummary | null;
  /**
   * What went wrong beside it, a sentence each.
   */
  warnings?: string[];
}
/**
 * A trade as it stands in the log. Money is dollars of the whole trade.
 */
export interface TradeSummary {
  /**
   * Received at the entry, negative paid.
   */
  entry_credit?: string | number;
  /**
   * Paid at the exit, negative received; none while it is open.
   */
  exit_debit?: string | number | null;
  /**
   * Commissions and fees, where the broker said them.
   */
  fees?: string | number | null;
  /**
   * The trade.
   */
  id?: string;
  /**
   * What it came to; of an assigned trade without its shares.
   */
  profit?: string | number | null;
}
/**
 * What would become of an order if it were made now.
 */
export interface OrderVerdict {
  /**
   * What the risk gate says.
   */
  checks?: OrderCheck[];
  /**
   * Whether it would be proposed.
   */
  passes?: boolean;
  /**
   * Why not, for a trader; none where it would.
   */
  refusal?: string | null;
}
/**
 * Where a trading run is.
 */
export interface DailyTradingStatus {
  /**
   * The order that waits for an answer.
   */
  awaiting_approval?: AwaitedApproval | null;
  /**
   * What was decided.
   */
  decision?: TradeDecision | null;
  /**
   * The orders so far.
   */
  orders?: TradeOrder[];
  /**
   * What it does, in words.
   */
  step?: string;
}
/**
 * An order that waits for an answer.
 */
export interface AwaitedApproval {
  /**
   * The client order id.
   */
  order_id: string;
  /**
   * Until when it may be given, by the market's clock.
   */
  until: string;
}
/**
 * `approve`: an order may be sent.
 */
export interface ApproveTrade {
  /**
   * Who approves.
   */
  by: string;
  /**
   * The client order id, as the message names it.
   */
  order_id: string;
}
/**
 * `reject`: an order may not be sent.
 */
export interface RejectTrade {
  /**
   * Who rejects.
   */
  by: string;
  /**
   * The client order id, as the message names it.
   */
  order_id: string;
  /**
   * Why.
   */
  reason?: string;
}
/**
 * Whose open deliveries to drive.
 */
export interface DeliveryParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * The user.
   */
  user_id?: UserId;
}
/**
 * The answer of the query `status`, and the farewell.
 */
export interface DeliveryStatus {
  /**
   * What every entity says.
   */
  entity: EntityStatus;
  /**
   * What became of the deliveries.
   */
  totals: DeliveryTotals;
}
/**
 * What became of a user's deliveries so far.
 */
export interface DeliveryTotals {
  /**
   * Messages that went into a digest.
   */
  digested?: number;
  /**
   * Tries that failed and were to be repeated.
   */
  failed?: number;
  /**
   * Deliveries that are not tried any more.
   */
  given_up?: number;
  /**
   * The last failure.
   */
  problem?: string | null;
  /**
   * Messages that channels took, digests included.
   */
  sent?: number;
}
/**
 * The argument of the signal `deliver`: nothing, or an empty object.
 */
export interface DeliverSignal {}
/**
 * What to analyse.
 */
export interface FullAnalysisParams {
  /**
   * The account.
   */
  account?: AccountContext;
  /**
   * History of the chart stage.
   */
  analysis_depth?: AnalysisDepth;
  /**
   * Market time of the analysis, from 1990 to 2099; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * Whether to answer in brief, under 2 kB: the verdict, the trade and the key of the whole result, which is in the store.
   */
  brief?: boolean;
  /**
   * Constraints; the defaults when none.
   */
  constraints?: OptionsConstraints | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats.
   */
  drill?: boolean;
  /**
   * Whether to draw and store an image.
   */
  include_chart_image?: boolean;
  /**
   * Model of an AI analyst, `provider/model`; the deterministic analyst when none.
   */
  model?: ModelName | null;
  /**
   * What is held.
   */
  position?: PositionContext;
  /**
   * Which vertical; bull put by default, bear call when the chart is bearish.
   */
  spread_type?: SpreadType | null;
  /**
   * Strategy; csp by default.
   */
  strategy?: Strategy;
  /**
   * Ticker.
   */
  symbol: Symbol;
  /**
   * Bars of the chart stage.
   */
  timeframe?: Timeframe;
  /**
   * Whose analysis it is.
   */
  user_id?: UserId;
  /**
   * Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none.
   */
  width?: number | null;
}
/**
 * The start of a news watch.
 */
export interface NewsWatcherParams {
  /**
   * Minutes between two looks, 1 to 1,440.
   */
  check_interval_minutes?: number;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * What is watched from the start.
   */
  initial_symbols?: Symbol[] | null;
  /**
   * From which significance on people are told, 0 to 1.
   */
  min_significance?: number;
  /**
   * Channels for its messages; by the configured routes when empty.
   */
  notify_channels?: ChannelName[];
  /**
   * Whose watch it is.
   */
  user_id?: UserId;
}
/**
 * A news watch's `status`, and its farewell. What a stretch under way has seen is in it once the stretch has ended; `ttai news` and
 * the pending activity's details are current.
 */
export interface NewsWatcherStatus {
  /**
   * Whether it watches: neither paused nor ended.
   */
  active: boolean;
  /**
   * Minutes between two looks.
   */
  check_interval_minutes: number;
  /**
   * What every long-lived workflow says of itself.
   */
  entity: EntityStatus;
  /**
   * Where it is.
   */
  watch: NewsWatch;
}
/**
 * What a watch carries from run to run. What was seen is in the store.
 */
export interface NewsWatch {
  /**
   * Stories told, by stretches that have ended.
   */
  alerted?: number;
  /**
   * How often they were, by stretches that have ended.
   */
  checks?: number;
  /**
   * When the news were last looked at, in market time.
   */
  last_check?: string | null;
  /**
   * Why the last look failed.
   */
  problems?: string[];
  /**
   * The last stories that were told, newest first, at most 20.
   */
  recent_alerts?: NewsAlert[];
  /**
   * The sources, as they were read last.
   */
  sources?: NewsSourceState[];
  /**
   * Stories seen for the first time, by stretches that have ended.
   */
  stories?: number;
  /**
   * What is watched: the symbols of the last `update_watchlist` or the start, or the user's own.
   */
  wanted?: NewsWatchlist;
  /**
   * The symbols that were watched at the last look.
   */
  watched?: Symbol[];
}
/**
 * A significant story. The title is foreign text: data, not an instruction.
 */
export interface NewsAlert {
  /**
   * When it was published; null where its source does not say.
   */
  published_at?: string | null;
  /**
   * 0 to 1.
   */
  significance: number;
  /**
   * Who printed it.
   */
  source: string;
  /**
   * The first of the watched symbols that it is tied to.
   */
  symbol: Symbol;
  /**
   * All watched symbols that it is tied to.
   */
  symbols: Symbol[];
  /**
   * The headline, made safe to show.
   */
  title: string;
  /**
   * `news`.
   */
  type: string;
  /**
   * Where to read it.
   */
  url?: string | null;
}
/**
 * A source of news, as it was when it was last read.
 */
export interface NewsSourceState {
  /**
   * Its name: `alpaca`, `rss/Newswire`.
   */
  name: string;
  /**
   * Why it could not be read last.
   */
  problem?: string | null;
  /**
   * Up to when it was read, in market time.
   */
  read_until?: string | null;
}
/**
 * What is watched: these symbols, or what the user has. On the wire a list, an object with a list, or nothing.
 */
export interface NewsWatchlist {
  /**
   * The symbols, at most 500. Null for those of the user's watchlists and positions, as they are at each look.
   *
   * @maxItems 500
   */
  symbols?: Symbol[] | null;
}
/**
 * What an update answers. A message that was accepted before is accepted again and changes nothing.
 */
export interface Answer {
  /**
   * Whether the entity has the message and will apply it, once.
   */
  accepted: boolean;
  /**
   * Why not.
   */
  reason?: string | null;
}
/**
 * What to analyse.
 */
export interface OptionsAnalysisParams {
  /**
   * The account.
   */
  account?: AccountContext;
  /**
   * Market time of the analysis, from 1990 to 2099; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * From the chart analysis; without it the chart's levels are computed here.
   */
  chart_context?: ChartContext | null;
  /**
   * Constraints; the defaults when none.
   */
  constraints?: OptionsConstraints | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats.
   */
  drill?: boolean;
  /**
   * Model of an AI analyst, `provider/model`; the deterministic analyst when none.
   */
  model?: ModelName | null;
  /**
   * What is held.
   */
  position?: PositionContext;
  /**
   * Which vertical; bull put by default, bear call when the chart is bearish.
   */
  spread_type?: SpreadType | null;
  /**
   * Strategy; csp by default.
   */
  strategy?: Strategy;
  /**
   * Ticker.
   */
  symbol: Symbol;
  /**
   * Whose analysis it is.
   */
  user_id?: UserId;
  /**
   * Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none.
   */
  width?: number | null;
}
/**
 * What the chart stage hands to the options stage.
 */
export interface ChartContext {
  /**
   * Average true range, in dollars.
   */
  atr?: number | null;
  /**
   * Confluence zones.
   */
  fib_confluence_zones?: ConfluenceZone[];
  /**
   * The chart's verdict.
   */
  recommendation?: ChartRecommendation | null;
  /**
   * Resistances, nearest first.
   */
  resistance_levels?: PriceLevel[];
  /**
   * Supports, nearest first.
   */
  support_levels?: PriceLevel[];
  /**
   * Direction of the trend.
   */
  trend_direction?: TrendDirection | null;
  /**
   * Its quality.
   */
  trend_quality?: TrendQuality | null;
}
/**
 * The start of a watch.
 */
export interface PortfolioMonitorParams {
  /**
   * The broker's number of the account; the first account of the first broker when empty, and `default` in the id then.
   */
  account_id?: string;
  /**
   * More rules, beside those of `config`.
   */
  alert_rules?: PortfolioRule[];
  /**
   * Minutes between two looks, 1 to 1,440.
   */
  check_interval_minutes?: number;
  /**
   * The rules.
   */
  config?: PortfolioMonitorConfig;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Taken and not read. The broker says what is held; a list by hand would be wrong after the next fill, and
   * what is not held must not be alerted.
   */
  positions?: unknown[];
  /**
   * Whose watch it is.
   */
  user_id?: UserId;
}
/**
 * A rule.
 */
export interface PortfolioRule {
  /**
   * Minutes from an alert during which the same one is not raised again; by its kind unless given.
   */
  cool_down_minutes?: number | null;
  /**
   * How far the value must go back beyond the limit until the alert is over, in the kind's unit; by its kind unless given.
   */
  hysteresis?: number | null;
  /**
   * What it watches; `type` is accepted, too.
   */
  kind: RuleKind;
  /**
   * How urgent an alert of it is; by its kind unless given.
   */
  severity?: Severity | null;
  /**
   * Only positions of this underlying; every one without it.
   */
  symbol?: Symbol | null;
  /**
   * Its limit, in the unit of its kind.
   */
  threshold: number;
}
/**
 * Which rules watch. What is not given is as from the start.
 */
export interface PortfolioMonitorConfig {
  /**
   * More rules; one for all symbols takes the place of the default ones of its kind.
   *
   * @maxItems 200
   */
  alert_rules?: PortfolioRule[];
  /**
   * Kinds of default rules that are off.
   */
  disabled?: RuleKind[];
  /**
   * Maintenance requirement in percent of net liquidation that warns (60, and at 80 critically); null or 0 for none.
   */
  margin_alert_threshold?: number | null;
  /**
   * Channels for its alerts; all configured ones when empty.
   */
  notify_channels?: ChannelName[];
  /**
   * Today's loss in percent of net liquidation that warns (2); null or 0 for none.
   */
  pnl_alert_threshold?: number | null;
}
/**
 * Where a watch is: whether it is active, its last look, the last alerts, and what else there is to know.
 */
export interface PortfolioMonitorStatus {
  /**
   * The account.
   */
  account_id: string;
  /**
   * Whether it watches: neither paused nor ended.
   */
  active: boolean;
  /**
   * What is true now.
   */
  active_alerts: string[];
  /**
   * The rules.
   */
  config: PortfolioMonitorConfig;
  /**
   * What every long-lived workflow says of itself.
   */
  entity: EntityStatus;
  /**
   * When the account was last looked at, as the last finished turn of the watch says.
   */
  last_check?: string | null;
  /**
   * What could not be read.
   */
  problems: string[];
  /**
   * The last 50 alerts, newest first.
   */
  recent_alerts: PortfolioAlert[];
}
/**
 * An alert of a watch: a rule that has become true of a subject, or is false again.
 */
export interface PortfolioAlert {
  /**
   * Whether it is over; else it has become true.
   */
  cleared: boolean;
  /**
   * The alert's key: its type, its subject and its limit.
   */
  key: string;
  /**
   * What there is to say.
   */
  message: string;
  /**
   * How urgent it is.
   */
  severity: Severity;
  /**
   * The underlying, where it is about one.
   */
  symbol?: Symbol | null;
  /**
   * The limit.
   */
  threshold: number;
  /**
   * When.
   */
  timestamp: string;
  /**
   * Its type.
   */
  type: RuleKind;
  /**
   * The value, in the kind's unit.
   */
  value?: number | null;
}
/**
 * Keeps an alert, a kind of alerts or a symbol quiet.
 */
export interface SnoozeAlert {
  /**
   * Until when.
   */
  until: string;
  /**
   * An alert's key, a kind (`delta_breach`) or a symbol.
   */
  what: string;
}
/**
 * Params of `PositionMonitorWorkflow`: the position that was opened.
 */
export interface PositionMonitorParams {
  /**
   * The account.
   */
  account_id: string;
  /**
   * Minutes between two looks at its prices, 1 to 60.
   */
  check_interval_minutes?: number;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Dollars a share received for one unit, negative paid.
   */
  entry_credit: string | number;
  /**
   * When it is left, as the rules of exits read it; the default plan of a short option when null.
   */
  exit?: {
    [k: string]: unknown;
  };
  /**
   * The client order ids of the orders that closed something of it; not set by a starter.
   *
   * @maxItems 200
   */
  exit_orders?: string[];
  /**
   * Exits that were tried before this run; not set by a starter.
   */
  exits?: number;
  /**
   * The day on which its options expire.
   */
  expiration: string;
  /**
   * The trade: the client order id of the order that opened it first.
   */
  id: string;
  /**
   * What was opened: 1 to 4 legs of one unit.
   *
   * @minItems 1
   * @maxItems 4
   */
  legs: [IntentLeg, ...IntentLeg[]];
  /**
   * Limits of the run that opened it.
   */
  limits?: RunLimits;
  /**
   * Channels to be told; by the user's routes when none.
   */
  notify_channels?: ChannelName[];
  /**
   * When it was opened, by the market's clock.
   */
  opened_at: string;
  /**
   * The client order ids of the orders that opened it.
   *
   * @maxItems 200
   */
  order_ids?: string[];
  /**
   * Units that are open.
   */
  quantity: number;
  /**
   * The strategy that opened it.
   */
  strategy?: TradingStrategy;
  /**
   * Whose.
   */
  user_id?: UserId;
}
/**
 * Where the watch over a position is.
 */
export interface PositionMonitorStatus {
  /**
   * The order that waits for an answer.
   */
  awaiting_approval?: AwaitedApproval | null;
  /**
   * The trade.
   */
  id?: string;
  /**
   * The last look.
   */
  last?: PositionLook;
  /**
   * The orders of its exits so far.
   */
  orders?: TradeOrder[];
  /**
   * What it does, in words.
   */
  step?: string;
}
/**
 * A look at a position.
 */
export interface PositionLook {
  /**
   * How to leave it.
   */
  advice?: ExitAdvice | null;
  /**
   * The market's time.
   */
  as_of?: string | null;
  /**
   * Dollars a share that closing one unit costs, at the mid; none where not known.
   */
  cost_to_close?: string | number | null;
  /**
   * How it ended, where it is gone.
   */
  end?: PositionEnd | null;
  /**
   * What it came to.
   */
  event?: PositionEvent;
  /**
   * When the next session opens, by the market's clock.
   */
  resume_at?: string | null;
  /**
   * Seconds from this answer to that time, on the server's clock.
   */
  resume_seconds?: number;
  /**
   * Why, for a trader.
   */
  sentence?: string;
  /**
   * Units that the broker still holds; none where it did not say.
   */
  units_held?: number | null;
}
/**
 * What is to be done about a position.
 */
export interface ExitAdvice {
  /**
   * The legs of the order.
   */
  legs: IntentLeg[];
  /**
   * Of a position whose legs no broker takes in one order: the legs that are still held once this one's order is filled. None where
   * the order is of the whole position.
   */
  legs_left?: number | null;
  /**
   * Close it, or roll it.
   */
  purpose: OrderPurpose;
  /**
   * Units.
   */
  quantity: number;
  /**
   * Which rule says so.
   */
  rule: string;
  /**
   * Why, for a trader.
   */
  sentence: string;
  /**
   * The position that a roll opens.
   */
  successor?: RolledTo | null;
  /**
   * The worst price; as far as the configured walk goes when none.
   */
  worst?: NetPrice | null;
}
/**
 * The position that a roll opens.
 */
export interface RolledTo {
  /**
   * The day on which its options expire.
   */
  expiration: string;
  /**
   * Its legs.
   */
  legs: IntentLeg[];
}
/**
 * Whose alerts a router takes.
 */
export interface PriceAlertParams {
  /**
   * How often quotes are asked for where no stream is to be had, in seconds, 1 to 3,600.
   */
  check_interval_seconds?: number;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Alerts to arm at the start, at most 500.
   *
   * @maxItems 500
   */
  initial_alerts?: AlertDefinition[];
  /**
   * The user.
   */
  user_id?: UserId;
}
/**
 * An alert: it fires when its condition holds for its subject.
 */
export interface AlertDefinition {
  /**
   * `price`, `delta` or `dte` on the way in; the condition's kind on the way out.
   */
  alert_type?: string | null;
  /**
   * The length of its bars.
   */
  bar?: BarLength;
  /**
   * The New York date whose shares its prices are in.
   */
  basis_date?: string | null;
  /**
   * Who is told: at most 32 names; none for the user's default.
   */
  channels?: string[];
  /**
   * `above` or `below`, also `crosses_up`, `crosses_down` and `crosses`; of any other alert its condition in words.
   */
  condition?: string | null;
  /**
   * When it was created.
   */
  created_at?: string | null;
  /**
   * What its position was opened at, dollars a share.
   */
  entry_price?: string | number | null;
  /**
   * From when on it never fires.
   */
  expires_at?: string | null;
  /**
   * 1 to 128 characters without control characters; derived where it is empty.
   */
  id?: string;
  /**
   * The alert of which it is a member; ttai sets it.
   */
  member_of?: string | null;
  /**
   * The user's own words, at most 500 characters.
   */
  note?: string | null;
  /**
   * Whether it is off.
   */
  paused?: boolean;
  /**
   * How often it fires.
   */
  repeat?: AlertRepeat;
  /**
   * In which hours it fires.
   */
  session?: AlertSession;
  /**
   * How urgent a firing is.
   */
  severity?: Severity;
  /**
   * Until when it stays silent.
   */
  snoozed_until?: string | null;
  /**
   * Which price is compared.
   */
  source?: PriceSource;
  /**
   * What is watched.
   */
  subject?: AlertSubject | null;
  /**
   * A ticker or an OCC symbol.
   */
  symbol?: string | null;
  /**
   * The number that the condition compares with, 0 where it has none.
   */
  target_price?: string | number | null;
  /**
   * As `target_price`.
   */
  threshold?: string | number | null;
  /**
   * Each event, or the close of a bar.
   */
  trigger?: AlertTrigger;
  /**
   * Whose it is.
   */
  user_id?: string | null;
  /**
   * What it is watched for.
   */
  when?: AlertCondition | null;
}
/**
 * Again and again: once the cool-down is over and the condition has failed by a margin since.
 */
export interface AlertRepeatRepeating {
  repeating: {
    /**
     * Seconds after a firing in which it stays silent; at most a week.
     */
    cooldown_seconds?: number;
    /**
     * How far beyond its level, in percent of it, the value must have been for it to fire again; below 100.
     */
    rearm_percent?: string | number;
  };
}
/**
 * A share, a fund or an index.
 */
export interface AlertSubjectSymbol {
  kind: "symbol";
  /**
   * Its ticker.
   */
  symbol: Symbol;
}
/**
 * One option contract.
 */
export interface AlertSubjectOption {
  /**
   * Its OCC symbol.
   */
  contract: OccSymbol;
  kind: "option";
}
/**
 * Each symbol of a watchlist, as an alert of its own.
 */
export interface AlertSubjectWatchlist {
  kind: "watchlist";
  /**
   * The watchlist's name: 1 to 64 characters, no quotation or control characters.
   */
  name: string;
}
/**
 * Contracts together, as one price: the amount of Σ ratio · mid, whether debit or credit.
 */
export interface AlertSubjectLegs {
  kind: "legs";
  /**
   * Two to four of them.
   */
  legs: AlertLeg[];
}
/**
 * One contract of several.
 */
export interface AlertLeg {
  /**
   * Its OCC symbol.
   */
  contract: OccSymbol;
  /**
   * Contracts of it in one of the whole, negative where they are sold: −100 to 100, not 0.
   */
  ratio: number;
}
/**
 * Each option position that fits, as an alert of its own.
 */
export interface AlertSubjectPositions {
  kind: "positions";
  /**
   * Calls or puts only.
   */
  right?: OptionRight | null;
  /**
   * Short or long only.
   */
  side?: PositionSide | null;
  /**
   * Of this symbol only.
   */
  underlying?: Symbol | null;
}
/**
 * The price against a level.
 */
export interface AlertConditionPrice {
  kind: "price";
  /**
   * Dollars a share, over 0 and under 10,000,000.
   */
  level: string | number;
  /**
   * On which side of it, or crossing it.
   */
  when: PriceTrigger;
}
/**
 * The price against a named one.
 */
export interface AlertConditionPercentMove {
  /**
   * What it is measured from.
   */
  base?: MoveBase;
  /**
   * Which way.
   */
  direction: MoveDirection;
  /**
   * Dollars a share that `entry` measures from.
   */
  entry_price?: string | number | null;
  kind: "percent_move";
  /**
   * Percent of the base.
   */
  percent: string | number;
}
/**
 * The price against any of the last minutes.
 */
export interface AlertConditionPercentWithin {
  /**
   * Which way.
   */
  direction: MoveDirection;
  kind: "percent_within";
  /**
   * 1 to 390.
   */
  minutes: number;
  /**
   * Percent of the lowest or highest price of those minutes.
   */
  percent: string | number;
}
/**
 * The price against a range.
 */
export interface AlertConditionChannel {
  /**
   * Dollars a share.
   */
  high: string | number;
  kind: "channel";
  /**
   * Dollars a share.
   */
  low: string | number;
  /**
   * In it or outside, or entering or leaving it.
   */
  when: ChannelTrigger;
}
/**
 * Volume at or over a multiple of its average.
 */
export interface AlertConditionVolume {
  kind: "volume";
  /**
   * The day's or one bar's.
   */
  of?: VolumeSpan;
  /**
   * Multiple of the average.
   */
  ratio: string | number;
}
/**
 * An option's |delta|, per contract.
 */
export interface AlertConditionDelta {
  /**
   * 0 to 1.
   */
  delta: string | number;
  kind: "delta";
  /**
   * On which side.
   */
  when: AlertSide;
}
/**
 * New York calendar days to the last trade date at or under a number.
 */
export interface AlertConditionDte {
  /**
   * Days, 0 to 3,650.
   */
  days: number;
  kind: "dte";
}
/**
 * The IV rank.
 */
export interface AlertConditionIvRank {
  kind: "iv_rank";
  /**
   * 0 to 100.
   */
  rank: string | number;
  /**
   * On which side.
   */
  when: AlertSide;
}
/**
 * The underlying within a distance of an option's strike.
 */
export interface AlertConditionStrikeDistance {
  kind: "strike_distance";
  /**
   * Percent of the strike.
   */
  percent: string | number;
}
/**
 * The underlying beyond an option's strike, or not.
 */
export interface AlertConditionMoneyness {
  /**
   * In the money, else out of it.
   */
  itm: boolean;
  kind: "moneyness";
}
/**
 * Profit of a short position at the mid.
 */
export interface AlertConditionProfit {
  kind: "profit";
  /**
   * Percent of the credit.
   */
  percent: string | number;
}
/**
 * Loss of a short position at the mid.
 */
export interface AlertConditionLoss {
  kind: "loss";
  /**
   * Multiple of the credit.
   */
  multiple: string | number;
}
/**
 * (ask − bid)/mid.
 */
export interface AlertConditionSpread {
  kind: "spread";
  /**
   * Percent of the mid.
   */
  percent: string | number;
  /**
   * On which side.
   */
  when: AlertSide;
}
/**
 * The next earnings report near.
 */
export interface AlertConditionEarnings {
  kind: "earnings";
  /**
   * Calendar days to it, 0 to 365.
   */
  within_days: number;
}
/**
 * Each holds.
 */
export interface AlertConditionAll {
  kind: "all";
  /**
   * Two or more.
   */
  of: AlertCondition[];
}
/**
 * One of them holds.
 */
export interface AlertConditionAny {
  kind: "any";
  /**
   * Two or more.
   */
  of: AlertCondition[];
}
/**
 * The router's `status`, and its farewell.
 */
export interface PriceAlertStatus {
  /**
   * What every entity says.
   */
  entity: EntityStatus;
  /**
   * How many alerts `get_alerts` answers with.
   */
  listed: number;
  /**
   * What it has done.
   */
  router: RouterState;
  /**
   * Whether there are more than `get_alerts` answers with.
   */
  truncated: boolean;
}
/**
 * What a router remembers from run to run: little, since the alerts are in the store.
 */
export interface RouterState {
  /**
   * Why the last ones were.
   */
  last_refusals?: string[];
  /**
   * Alerts refused in its whole life.
   */
  refused?: number;
  /**
   * Requests that were carried out.
   */
  requests?: number;
  /**
   * How many alerts the user has that can still fire, by the last request.
   */
  total?: number;
}
/**
 * Ids of alerts.
 */
export interface AlertIds {
  /**
   * At most 500.
   *
   * @maxItems 500
   */
  ids: string[];
}
/**
 * What became of a request.
 */
export interface AlertAnswers {
  /**
   * For each alert of the request, in its order; for `list` the alerts found.
   */
  alerts: AlertAnswer[];
  /**
   * How many alerts the user has that can still fire.
   */
  total: number;
}
/**
 * What became of one alert.
 */
export interface AlertAnswer {
  /**
   * Whether the request was carried out; what was so before counts.
   */
  accepted: boolean;
  /**
   * The alert as it is now.
   */
  alert?: AlertDefinition | null;
  /**
   * What makes it true already, as it would be told; only `test` looks.
   */
  already_true?: string | null;
  /**
   * How often it has fired.
   */
  fired?: number;
  /**
   * Its id.
   */
  id: string;
  /**
   * Of an alert over a watchlist or a set of positions: how many alerts of members it has now.
   */
  members?: number | null;
  /**
   * Why not.
   */
  reason?: string | null;
  /**
   * `armed`, `firing` (until every channel has it), `fired`, `expired`, `paused`, `snoozed`, `removed`; empty where there is none.
   */
  state?: string;
}
/**
 * Several.
 */
export interface AddAlertsAlerts {
  /**
   * At most 500.
   *
   * @maxItems 500
   */
  alerts: AlertDefinition[];
}
/**
 * Which alerts to list, newest first.
 */
export interface ListAlerts {
  /**
   * At most this many, 1 to 1,000; 50 when none.
   */
  limit?: number | null;
  /**
   * About this symbol only.
   */
  symbol?: string | null;
}
/**
 * Which alerts to turn off or on.
 */
export interface PauseAlerts {
  /**
   * At most 500.
   *
   * @maxItems 500
   */
  ids: string[];
  /**
   * Whether they are off from now on; true when none.
   */
  paused?: boolean;
}
/**
 * Which alert to silence.
 */
export interface SnoozePriceAlert {
  /**
   * Its id.
   */
  id: string;
  /**
   * Until when; none ends the silence.
   */
  until?: string | null;
}
/**
 * What a quote stream watches.
 */
export interface QuoteStreamParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Which kinds of events; all when empty.
   */
  kinds?: StreamedKind[];
  /**
   * Symbols from the start, at most 500; more and fewer by signal.
   *
   * @maxItems 500
   */
  symbols?: StreamedSymbol[];
  /**
   * Whose stream.
   */
  user_id?: UserId;
}
/**
 * A quote stream's `status`, and its farewell.
 */
export interface QuoteStreamStatus {
  /**
   * What every entity says.
   */
  entity: EntityStatus;
  /**
   * What it watches and has done.
   */
  state: QuoteStreamState;
}
/**
 * What a quote stream remembers from run to run.
 */
export interface QuoteStreamState {
  /**
   * Events of watches that have ended.
   */
  events?: number;
  /**
   * Gaps of watches that have ended.
   */
  gaps?: number;
  /**
   * How often its watch was handed over.
   */
  handovers?: number;
  /**
   * How the stream was when it was last heard of: by a handover, or by `latest`.
   */
  health?: QuoteStreamHealth;
  /**
   * Why the last watch failed.
   */
  problem?: string | null;
  /**
   * What it watches.
   */
  symbols?: StreamedSymbol[];
}
/**
 * How a stream is. What is not known is null.
 */
export interface QuoteStreamHealth {
  /**
   * When this was so, by the local clock.
   */
  at?: string | null;
  /**
   * Market time since which nothing is seen; null while something is.
   */
  blind_since?: string | null;
  /**
   * Whether it is connected and brings events.
   */
  connected?: boolean;
  /**
   * Events since the watch began.
   */
  events?: number;
  /**
   * Spans in which events may have been missed, since the watch began.
   */
  gaps?: number;
  /**
   * Market time of the newest event.
   */
  last_event?: string | null;
  /**
   * When it was received, by the provider's clock.
   */
  last_received?: string | null;
  /**
   * The last trouble, in one line.
   */
  problem?: string | null;
  /**
   * Since when it is watched without an interruption, by the local clock.
   */
  since?: string | null;
  /**
   * Which stream is read: `tastytrade`, `alpaca`, `polling`, `simulated`.
   */
  stream?: string | null;
  /**
   * How many symbols are subscribed.
   */
  symbols?: number;
}
/**
 * Symbols of a message.
 */
export interface StreamedSymbols {
  /**
   * At most 500.
   *
   * @maxItems 500
   */
  symbols: StreamedSymbol[];
}
/**
 * Of which symbols `latest` is asked; all when empty.
 */
export interface LatestSymbols {
  /**
   * Symbols that the stream watches.
   *
   * @maxItems 500
   */
  symbols?: StreamedSymbol[];
}
/**
 * What came last of a stream's symbols, and how it is.
 */
export interface LatestValues {
  /**
   * Whether it comes from the process that watches; another one has looked for itself.
   */
  from_watch?: boolean;
  /**
   * How the stream is.
   */
  health?: QuoteStreamHealth;
  /**
   * Symbols that were asked for and are not watched.
   */
  unknown?: StreamedSymbol[];
  /**
   * One a symbol, in the stream's order.
   */
  values?: LatestOfSymbol[];
}
/**
 * What came last of a symbol. What has not come is null.
 */
export interface LatestOfSymbol {
  /**
   * The Greeks of a contract.
   */
  greeks?: LatestGreeks | null;
  /**
   * Whether trading is halted, where the stream says so.
   */
  halted?: boolean | null;
  /**
   * The best bid and ask.
   */
  quote?: LatestQuote | null;
  /**
   * Which stream said so.
   */
  source?: string | null;
  /**
   * Which.
   */
  symbol: StreamedSymbol;
  /**
   * The last trade that sets the price.
   */
  trade?: LatestTrade | null;
}
/**
 * Greeks; null where the provider says that a contract has none.
 */
export interface LatestGreeks {
  /**
   * Dollars per dollar of the underlying.
   */
  delta?: number | null;
  /**
   * Delta per dollar of the underlying.
   */
  gamma?: number | null;
  /**
   * When the market was so; null where the feed does not say.
   */
  market_time?: string | null;
  /**
   * When they were received.
   */
  received_at: string;
  /**
   * Dollars per point of interest.
   */
  rho?: number | null;
  /**
   * Dollars a day.
   */
  theta?: number | null;
  /**
   * Dollars per point of volatility.
   */
  vega?: number | null;
  /**
   * Implied volatility as a fraction a year.
   */
  volatility?: number | null;
}
/**
 * A best bid and ask.
 */
export interface LatestQuote {
  /**
   * Dollars; null where nobody offers.
   */
  ask?: string | number | null;
  /**
   * Dollars; null where nobody bids.
   */
  bid?: string | number | null;
  /**
   * What keeps it from being taken as of now.
   */
  condition?: QuoteCondition | null;
  /**
   * When the market was so; null where the feed does not say.
   */
  market_time?: string | null;
  /**
   * When it was received.
   */
  received_at: string;
}
/**
 * A trade.
 */
export interface LatestTrade {
  /**
   * What keeps it from being taken as of now.
   */
  condition?: QuoteCondition | null;
  /**
   * Shares traded in the session so far, where the provider says so.
   */
  day_volume?: number | null;
  /**
   * When it was made; null where the feed does not say.
   */
  market_time?: string | null;
  /**
   * Dollars a share.
   */
  price: string | number;
  /**
   * When it was received.
   */
  received_at: string;
  /**
   * Shares or contracts.
   */
  size: number;
}
/**
 * What to analyse.
 */
export interface ResearchAnalysisParams {
  /**
   * Market time of the analysis, from 1990 to 2099; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats.
   */
  drill?: boolean;
  /**
   * The last day that a position would live to; earnings up to it count.
   */
  horizon?: string | null;
  /**
   * Model of an AI analyst, `provider/model`; the deterministic analyst when none.
   */
  model?: ModelName | null;
  /**
   * Ticker.
   */
  symbol: Symbol;
  /**
   * What to do when nobody says when earnings are.
   */
  unknown_earnings?: EarningsPolicy;
  /**
   * Whose analysis it is.
   */
  user_id?: UserId;
}
/**
 * Params of `RetentionWorkflow`. How long what is kept is the worker's configuration: `[store]`.
 */
export interface RetentionParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Who asked for it; the store is everybody's.
   */
  user_id?: UserId;
}
/**
 * How many rows were removed from the store.
 */
export interface RemovedRows {
  /**
   * Alerts that somebody had removed.
   */
  alerts?: number;
  /**
   * Analyses.
   */
  analyses?: number;
  /**
   * Pictures and scenes that nothing refers to any more.
   */
  artifacts?: number;
  /**
   * What alerts fired.
   */
  firings?: number;
  /**
   * Messages with nothing left to deliver.
   */
  messages?: number;
  /**
   * Reports.
   */
  reports?: number;
  /**
   * Candidates of screens.
   */
  screened?: number;
  /**
   * Runs of screens.
   */
  screens?: number;
  /**
   * News stories.
   */
  stories?: number;
  /**
   * Models' turns.
   */
  turns?: number;
}
/**
 * Params of `RunReportWorkflow`.
 */
export interface RunReportParams {
  /**
   * A channel or up to 32 of them; where the user's routes lead when none.
   */
  channel?: OneOrMore | null;
  /**
   * The day in New York, from 1990 to 2099; as of now when none. A past day's report has what was known by that day's end, its
   * briefing what was known by 09:30.
   */
  date?: string | null;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * One report each of all users whom it concerns, instead of `user_id`'s: with `morning_alert` set the briefing, with open
   * positions the summary, with positions open or closed the daily report and the weekly review.
   */
  everyone?: boolean;
  /**
   * The report.
   */
  report_name: ReportName;
  /**
   * Whether it is sent; it is saved in any case.
   */
  send?: boolean;
  /**
   * Whose report.
   */
  user_id?: UserId;
}
/**
 * What `RunReportWorkflow` answers; the report itself is in the store.
 */
export interface RunReportResult {
  /**
   * Analyses of the day, of a weekly review of the week; none where the store did not say.
   */
  analyses_count?: number | null;
  /**
   * The report as HTML and as Markdown.
   */
  artifacts?: ArtifactLink[];
  /**
   * Market time; nothing after it was read.
   */
  as_of?: string | null;
  /**
   * Dollars won that day on what is held; none where that is not known of every position.
   */
  daily_pnl?: number | null;
  /**
   * Where the prices are from.
   */
  data_source?: MarketSource | null;
  /**
   * The day that it is about, in New York.
   */
  day?: string | null;
  /**
   * The numbers that the summary mentions.
   */
  evidence?: Evidence[];
  /**
   * Positions held; none where they are not known.
   */
  positions?: number | null;
  /**
   * Its id in the store; none of a run for everyone.
   */
  report?: string | null;
  /**
   * The report.
   */
  report_name?: ReportName;
  /**
   * Of a run for everyone: what it came to.
   */
  round?: ReportRound | null;
  /**
   * The channels that it goes to.
   */
  sent_to?: string[];
  /**
   * It in a few lines.
   */
  summary?: string[];
  /**
   * Its title.
   */
  title?: string;
  /**
   * What could not be read, a sentence each.
   */
  warnings?: string[];
}
/**
 * What a run for everyone has come to.
 */
export interface ReportRound {
  /**
   * The last user whose report was begun.
   */
  after?: UserId | null;
  /**
   * Users whose report failed.
   */
  failed?: number;
  /**
   * Of those the first 20, with why.
   */
  failures?: FailedReport[];
  /**
   * Users whose report was made.
   */
  reports?: number;
}
/**
 * A user without a report.
 */
export interface FailedReport {
  /**
   * Why.
   */
  error: string;
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * How far a run is.
 */
export interface ReportProgress {
  /**
   * Of a run for everyone: how far it is.
   */
  round?: ReportRound | null;
  /**
   * What is done now.
   */
  step?: string;
}
/**
 * A screen for puts to sell, by a schedule.
 */
export interface ScheduledScreenerParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * What it does where it begins late; that of `screener_params` when none.
   */
  lateness?: LatenessPolicy | null;
  /**
   * Channels that are told of picks, up to 32; nobody when empty.
   *
   * @maxItems 32
   */
  notify_channels?: ChannelName[];
  /**
   * Whether they hear only of picks that the screen's run before had not; no by default.
   */
  only_new?: boolean;
  /**
   * The screen's name, 1 to 128 bytes; `scheduled` when none.
   */
  screener_id?: string;
  /**
   * The screen; its defaults when none.
   */
  screener_params?: CSPScreenerParams;
  /**
   * Whose screen; that of `screener_params` when none.
   */
  user_id?: UserId | null;
}
/**
 * What a scheduled screen answers.
 */
export interface ScheduledScreenerResult {
  /**
   * How late it began after its schedule wanted it; none where it was not.
   */
  lateness?: Lateness | null;
  /**
   * Whether the channels were told, or will be.
   */
  notified: boolean;
  /**
   * How many picks there are.
   */
  recommendations_count: number;
  /**
   * Where the picks are kept.
   */
  run: ScreenRun;
  /**
   * When it ran, by the server's clock.
   */
  run_time?: string | null;
  /**
   * The screen's name.
   */
  screener_id: string;
  /**
   * What a reader must know.
   */
  warnings: string[];
}
/**
 * Params of `ScheduledSyncWorkflow`.
 */
export interface ScheduledSyncParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Whether the user hears of each source of which a resource could not be read.
   */
  notify_on_failure?: boolean;
  /**
   * Whether the user hears of each source when all is well.
   */
  notify_on_success?: boolean;
  /**
   * The sources, one after another, at most 20.
   *
   * @minItems 1
   * @maxItems 20
   */
  sources: [SourceToSync, ...SourceToSync[]];
  /**
   * Whose accounts, lists and files.
   */
  user_id?: UserId;
}
/**
 * One source of a scheduled sync: its name, or its name with some of its resources.
 */
export interface SourceToSync {
  /**
   * Which of its resources; all that there are when none.
   *
   * @maxItems 500
   */
  resources?: string[] | null;
  /**
   * The source.
   */
  source_name: SyncSource;
}
/**
 * What `ScheduledSyncWorkflow` answers, and its status while it runs.
 */
export interface ScheduledSyncResult {
  /**
   * When the schedule said that it was due; none where somebody started it.
   */
  due_at?: string | null;
  /**
   * The sources in their order. Of a source that was read whole only the totals are here.
   */
  sources?: SyncSourceResult[];
  /**
   * How it ended.
   */
  status?: SyncOutcome;
}
/**
 * What `SyncSourceWorkflow` answers, and its status while it runs.
 */
export interface SyncSourceResult {
  /**
   * When it was done, by the server's clock.
   */
  completed_at?: string | null;
  /**
   * The resources, in the order in which they were read.
   */
  resources?: ResourceSync[];
  /**
   * Rows that the source gave, all resources together.
   */
  rows_read?: number;
  /**
   * Rows that were in the store as they are.
   */
  rows_unchanged?: number;
  /**
   * Rows that are new or changed.
   */
  rows_written?: number;
  /**
   * The source.
   */
  source_name?: SyncSource;
  /**
   * How it ended.
   */
  status?: SyncOutcome;
  /**
   * What else went wrong: the user could not be told.
   */
  warnings?: string[];
}
/**
 * What became of one resource.
 */
export interface ResourceSync {
  /**
   * Why it could not be read; none where it was.
   */
  error?: string | null;
  /**
   * The resource.
   */
  resource?: string;
  /**
   * Rows that the source gave.
   */
  rows_read?: number;
  /**
   * Rows that were in the store as they are.
   */
  rows_unchanged?: number;
  /**
   * Rows that are new or changed.
   */
  rows_written?: number;
  /**
   * What was left out, a sentence each.
   */
  warnings?: string[];
}
/**
 * A screen by criteria, or of given symbols.
 */
export interface ScreenerParams {
  /**
   * The account that would trade.
   */
  account?: AccountContext;
  /**
   * Market time; the provider's now when none.
   */
  as_of?: string | null;
  /**
   * The criteria; their defaults when none.
   */
  criteria?: ScreenerCriteria;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * What a run of a schedule does where it begins late.
   */
  lateness?: LatenessPolicy;
  /**
   * Batches of analyses that are under way at the same time, 1 to 20; 5 by default.
   */
  max_concurrent?: number;
  /**
   * Most candidates that are analysed, 1 to 1,000; 50 by default.
   */
  max_symbols?: number;
  /**
   * By what the results are ranked; by a score when none: 4 for a strong select, 3 for a select, 1 for a watchlist, and a
   * tenth of the chart's points.
   */
  ranking?: ScreenRanking | null;
  /**
   * The screen's name: its runs are compared with each other.
   */
  screener_id?: string | null;
  /**
   * The strategy; the criteria's when none.
   */
  strategy?: Strategy | null;
  /**
   * Only these symbols, instead of the criteria's.
   *
   * @maxItems 1000
   */
  symbols?: Symbol[];
  /**
   * Whose screen.
   */
  user_id?: UserId;
}
/**
 * What a candidate must be, and which trade is sought.
 */
export interface ScreenerCriteria {
  /**
   * Most calendar days to the last trade date; 45 by default.
   */
  dte_max?: number;
  /**
   * Fewest calendar days to the last trade date; 14 by default.
   */
  dte_min?: number;
  /**
   * Whether expirations beyond an earnings report are out; yes by default.
   */
  exclude_earnings?: boolean;
  /**
   * Never a candidate, at most 1,000.
   *
   * @maxItems 1000
   */
  exclude_symbols?: Symbol[];
  /**
   * Whether a scan finds funds, too; no by default.
   */
  include_funds?: boolean;
  /**
   * Candidates beside the scan's, at most 1,000.
   *
   * @maxItems 1000
   */
  include_symbols?: Symbol[];
  /**
   * Most candidates of the scan, 1 to 1,000; 500 by default.
   */
  max_candidates?: number;
  /**
   * Largest |delta| of the short contract, 0 to 1; 0.3 by default.
   */
  max_delta?: number;
  /**
   * Highest price in dollars; 100 for a scan and none for a list when none.
   */
  max_price?: number | null;
  /**
   * Widest bid–ask spread in percent of the mid; 10 by default.
   */
  max_spread_pct?: number;
  /**
   * Smallest credit of a vertical in percent of its width; 20 by default.
   */
  min_credit_pct?: number;
  /**
   * Least IV rank, 0 to 100; none when none. A rank that is not known does not drop a candidate.
   */
  min_iv_rank?: number | null;
  /**
   * Least market capitalisation in dollars; a bound of the scan, refused beside `symbols`. No bound when none.
   */
  min_market_cap?: number | null;
  /**
   * Smallest open interest in contracts; 100 by default.
   */
  min_open_interest?: number;
  /**
   * Lowest price in dollars; 5 for a scan and none for a list when none.
   */
  min_price?: number | null;
  /**
   * Smallest return at the bid in percent per 7 calendar days; 0.5 by default.
   */
  min_roc_weekly?: number;
  /**
   * Least average daily volume in shares; 1,000,000 for a scan and none for a list when none.
   */
  min_volume?: number | null;
  /**
   * Sectors as the scan's provider names them, refused beside `symbols`; all when empty.
   *
   * @maxItems 50
   */
  sectors?: string[];
  /**
   * Strategy; csp by default.
   */
  strategy?: Strategy;
  /**
   * Only these symbols, at most 1,000, and no scan; the scan's when empty.
   *
   * @maxItems 1000
   */
  symbols?: Symbol[];
  /**
   * What to do when the date is unknown: `exclude`, `warn` (default) or `allow`.
   */
  unknown_earnings?: EarningsPolicy;
  /**
   * What to do where a chain reports no open interest at all; `warn` by default.
   */
  unknown_open_interest?: OpenInterestPolicy;
}
/**
 * What a screen by criteria answers.
 */
export interface ScreenerResult {
  /**
   * Candidates that were analysed.
   */
  analyzed: number;
  /**
   * Market time; none when nothing was looked at.
   */
  as_of?: string | null;
  /**
   * Candidates of the scan or the list.
   */
  candidates: number;
  /**
   * How the results differ from the run before.
   */
  changes: ScreenChanges;
  /**
   * Whose prices.
   */
  data_source?: MarketSource | null;
  /**
   * The others, by reason.
   */
  dropped: DroppedCandidates[];
  /**
   * Those that could not be looked at, by reason.
   */
  failed: DroppedCandidates[];
  /**
   * How late it began after its schedule wanted it; none where it was not.
   */
  lateness?: Lateness | null;
  /**
   * Whether the screen ended before it was through: out of working time.
   */
  partial?: boolean;
  /**
   * The ten best, best first.
   */
  results: ScreenerResultRow[];
  /**
   * Where it is kept.
   */
  run: ScreenRun;
  /**
   * What a reader must know.
   */
  warnings: string[];
}
/**
 * A row of a screen's answer.
 */
export interface ScreenerResultRow {
  /**
   * The chart's points for the strategy, 0 to 10.
   */
  chart_score: number;
  /**
   * How often it worked in the past.
   */
  observed?: ObservedFrequency | null;
  /**
   * The best contract.
   */
  options_data?: SuggestedPosition | null;
  /**
   * Why it is no pick, where it is none.
   */
  reason?: string | null;
  /**
   * Verdict of chart and options.
   */
  recommendation: OverallRecommendation;
  /**
   * What the row is ranked by: the score, or the chosen ranking's value.
   */
  score: number;
  /**
   * The three rankings.
   */
  scores: ScreenScores;
  /**
   * Ticker.
   */
  symbol: Symbol;
}
/**
 * Params of `SyncSourceWorkflow`.
 */
export interface SyncSourceParams {
  /**
   * Whether a provider's own history is taken in where the source has one: past volatilities of `metrics`.
   */
  backfill?: boolean;
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Whether the user hears of it when a resource could not be read.
   */
  notify_on_failure?: boolean;
  /**
   * Whether the user hears of it when all is well.
   */
  notify_on_success?: boolean;
  /**
   * Which of its resources, at most 500; all that there are when none.
   *
   * @maxItems 500
   */
  resources?: string[] | null;
  /**
   * The source.
   */
  source_name: SyncSource;
  /**
   * Whose accounts, lists and files.
   */
  user_id?: UserId;
}
/**
 * Params of `UpdateJournalWorkflow`.
 */
export interface UpdateJournalParams {
  /**
   * The drill profile: a worker's death is noticed within 3 s.
   */
  drill?: boolean;
  /**
   * Whose journal; everybody's when none.
   */
  user_id?: UserId | null;
}
/**
 * What an update of journals came to.
 */
export interface JournalUpdate {
  /**
   * Analyses that became entries.
   */
  entered?: number;
  /**
   * Trades that were linked to their entries.
   */
  linked?: number;
  /**
   * Entries that were marked: their expiration has passed.
   */
  marked?: number;
  /**
   * Entries whose expiration lies ahead.
   */
  open?: number;
  /**
   * Entries whose expiration has passed and that could not be marked; each says why.
   */
  unmarked?: number;
  /**
   * Analyses that name no trade that an entry could be about.
   */
  unusable?: number;
  /**
   * Users whose journals were looked at.
   */
  users?: number;
}
