//! Requests out of what is given, what the user has stated and the configuration: the same for the command line and the MCP server.

use ttai_contract::{
    AccountContext, CSPScreenerParams, OptionsConstraints, PositionContext, ScreenCriteria, Symbol,
    TradeRequest, UserId, Validate,
};

use crate::cli::{ScreenCriteriaArgs, TradeArgs};
use crate::preferences::RequestDefaults;
use ttai_config::Config;

/// The trade by the flags, else by what the user has stated, else by the configuration.
pub(crate) fn trade(config: &Config, args: &TradeArgs, defaults: &mut RequestDefaults<'_>) -> TradeRequest {
    let account = defaults.account(args.account.map(Into::into), args.capital, true);
    TradeRequest {
        strategy: defaults.strategy(args.strategy.map(Into::into)),
        constraints: Some(constraints(args, defaults)),
        spread_type: args.spread_type.map(Into::into),
        width: args.width,
        account: AccountContext {
            assignment_limit_pct: args.assignment_limit.or(account.assignment_limit_pct),
            defined_risk: args.defined_risk || config.account.defined_risk,
            ..account
        },
        position: PositionContext { shares: args.shares, cost_basis: args.cost_basis },
    }
}

fn constraints(args: &TradeArgs, defaults: &mut RequestDefaults<'_>) -> OptionsConstraints {
    let usual = OptionsConstraints::default();
    OptionsConstraints {
        max_delta: defaults.max_delta(args.max_delta).unwrap_or(usual.max_delta),
        min_roc: defaults.min_roc(args.min_roc).unwrap_or(usual.min_roc),
        dte_min: defaults.dte_min(args.dte_min).unwrap_or(usual.dte_min),
        dte_max: defaults.dte_max(args.dte_max).unwrap_or(usual.dte_max),
        min_open_interest: args.min_open_interest.unwrap_or(usual.min_open_interest),
        max_spread_pct: args.max_spread_pct.unwrap_or(usual.max_spread_pct),
        ..usual
    }
}

/// The screen by the flags, else by what the user has stated, else by the configuration.
pub(crate) fn screen(
    symbols: &[String],
    what: &ScreenCriteriaArgs,
    user: &UserId,
    defaults: &mut RequestDefaults<'_>,
) -> anyhow::Result<CSPScreenerParams> {
    let usual = CSPScreenerParams::default();
    let with_capital = what.account_id.is_none();
    let params = CSPScreenerParams {
        user_id: user.clone(),
        criteria: criteria(symbols, what, defaults)?,
        ranking: what.rank.into(),
        max_candidates_to_analyze: what.analyze.unwrap_or(usual.max_candidates_to_analyze),
        max_picks: what.picks.unwrap_or(usual.max_picks),
        max_concurrent: what.parallel.unwrap_or(usual.max_concurrent),
        account: defaults.account(what.account.map(Into::into), what.capital, with_capital),
        account_id: what.account_id.clone(),
        max_symbol_pct: defaults.max_symbol_pct(what.max_symbol_pct),
        ..usual
    };
    params.validate()?;
    Ok(params)
}

fn criteria(
    names: &[String],
    what: &ScreenCriteriaArgs,
    defaults: &mut RequestDefaults<'_>,
) -> anyhow::Result<ScreenCriteria> {
    let usual = ScreenCriteria::default();
    Ok(ScreenCriteria {
        symbols: symbols(names)?,
        include_symbols: symbols(&what.include)?,
        exclude_symbols: symbols(&what.exclude)?,
        max_candidates: what.candidates.unwrap_or(usual.max_candidates),
        min_price: what.min_price,
        max_price: what.max_price,
        min_volume: what.min_volume,
        sectors: what.sectors.clone(),
        min_iv_rank: what.min_iv_rank,
        min_roc_weekly: defaults.min_roc(what.min_roc).unwrap_or(usual.min_roc_weekly),
        max_delta: defaults.max_delta(what.max_delta).unwrap_or(usual.max_delta),
        dte_min: defaults.dte_min(what.dte_min).unwrap_or(usual.dte_min),
        dte_max: defaults.dte_max(what.dte_max).unwrap_or(usual.dte_max),
        min_open_interest: what.min_open_interest.unwrap_or(usual.min_open_interest),
        max_spread_pct: what.max_spread_pct.unwrap_or(usual.max_spread_pct),
        exclude_earnings: !what.through_earnings,
        unknown_earnings: what.unknown_earnings.into(),
        ..usual
    })
}

fn symbols(texts: &[String]) -> anyhow::Result<Vec<Symbol>> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}
