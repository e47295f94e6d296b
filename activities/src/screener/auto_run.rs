//! Saved screeners that run by themselves, ready to run: the saved params under the screener's name, and who hears of new picks.

use ttai_contract::screener::AUTO_RUN_PAGE;
use ttai_contract::{
    AutoRunPage, AutoRunScreener, CSPScreenerParams, ChannelName, ListAutoRunParams, ScheduledScreenerParams,
    ScreenerPlace, Strategy, UserId, Validate,
};
use ttai_ports::{SavedScreener, ScreenerCursor, StoreError};

use crate::clock;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// A page of them. One that cannot be run as it is saved is listed with why.
pub(super) async fn list(ports: &Ports, params: ListAutoRunParams) -> Result<AutoRunPage, AnalystError> {
    let lateness = clock::lateness(ports, params.due).await;
    if lateness.is_some_and(|late| late.is_too_late()) {
        return Ok(AutoRunPage { lateness, ..AutoRunPage::default() });
    }
    let (saved, next) = page(ports, &params).await?;
    let mut screeners = Vec::new();
    for screener in saved {
        screeners.extend(ready(ports, screener, params.max_symbols).await?);
    }
    Ok(AutoRunPage { screeners, next, lateness })
}

async fn page(
    ports: &Ports,
    params: &ListAutoRunParams,
) -> Result<(Vec<SavedScreener>, Option<ScreenerPlace>), AnalystError> {
    // A user has no more than a page of them.
    if let Some(user) = &params.user_id {
        let all = ports.saved_screeners.list_screeners(user.as_str()).await?;
        return Ok((all.into_iter().filter(|saved| saved.screener.auto_run).collect(), None));
    }
    let ScreenerPlace { user_id, name } = params.after.clone().unwrap_or_default();
    let after = ScreenerCursor { user_id, name };
    let saved = ports.saved_screeners.auto_run_screeners(&after, AUTO_RUN_PAGE).await?;
    let is_full = u32::try_from(saved.len()).is_ok_and(|count| count >= AUTO_RUN_PAGE);
    let last = saved.last().filter(|_| is_full);
    let next =
        last.map(|last| ScreenerPlace { user_id: last.user_id.clone(), name: last.screener.name.clone() });
    Ok((saved, next))
}

/// The screener as it is started; none of a user whose name can be no user's.
async fn ready(
    ports: &Ports,
    saved: SavedScreener,
    max_symbols: u32,
) -> Result<Option<AutoRunScreener>, AnalystError> {
    let Ok(user_id) = saved.user_id.parse::<UserId>() else {
        tracing::warn!("a screener of {:?} is left out: no user has that name", saved.user_id);
        return Ok(None);
    };
    let name = saved.screener.name.clone();
    let channels = match saved.screener.channels.as_slice() {
        [] => preferred(ports, &user_id).await?,
        own => own.to_vec(),
    };
    let (params, note) = match started_with(&saved, &user_id, &channels, max_symbols) {
        Ok((params, note)) => (Some(params), note),
        Err(why) => (None, Some(why)),
    };
    Ok(Some(AutoRunScreener { user_id, name, params, note }))
}

/// The channels that the user prefers. What nobody can read says nothing, and stops nobody else's screener.
async fn preferred(ports: &Ports, user_id: &UserId) -> Result<Vec<String>, StoreError> {
    match ports.preferences.preferences(user_id.as_str()).await {
        Ok(stated) => Ok(stated.channels.unwrap_or_default()),
        Err(StoreError::Corrupt(error)) => {
            tracing::warn!("the preferences of {user_id} are left out: {error}");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// The params, and what of them does not run; why there are none.
fn started_with(
    saved: &SavedScreener,
    user_id: &UserId,
    channels: &[String],
    max_symbols: u32,
) -> Result<(ScheduledScreenerParams, Option<String>), String> {
    let screener = &saved.screener;
    if screener.strategy != Strategy::Csp.as_str() {
        return Err(format!(
            "only screens for puts run by themselves; this one is for {}",
            screener.strategy
        ));
    }
    let mut screen: CSPScreenerParams = serde_json::from_value(screener.criteria.clone())
        .map_err(|error| format!("what is saved cannot be run; save it again: {error}"))?;
    // It looks at the market as it is when it runs.
    screen.as_of = None;
    let note = shorten(&mut screen, max_symbols);
    let channels: Result<Vec<ChannelName>, _> = channels.iter().map(|name| name.parse()).collect();
    let params = ScheduledScreenerParams {
        screener_id: screener.name.clone(),
        user_id: Some(user_id.clone()),
        screener_params: screen,
        notify_channels: channels.map_err(|error| error.to_string())?,
        only_new: true,
        ..ScheduledScreenerParams::default()
    };
    params.validate().map_err(|error| error.to_string())?;
    Ok((params, note))
}

/// Keeps a screen within its share of candidates, and says what is left out.
fn shorten(screen: &mut CSPScreenerParams, max_symbols: u32) -> Option<String> {
    let criteria = &mut screen.criteria;
    criteria.max_candidates = criteria.max_candidates.min(max_symbols);
    let most = usize::try_from(max_symbols).unwrap_or(usize::MAX);
    let asked = criteria.symbols.len().max(criteria.include_symbols.len());
    criteria.symbols.truncate(most);
    criteria.include_symbols.truncate(most);
    (asked > most).then(|| format!("only the first {max_symbols} of its {asked} symbols"))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};
    use ttai_ports::NewScreener;

    use super::*;

    fn saved(criteria: Value, strategy: &str) -> SavedScreener {
        let screener = NewScreener {
            name: "High IV; puts".to_owned(),
            strategy: strategy.to_owned(),
            criteria,
            auto_run: true,
            channels: Vec::new(),
        };
        let (created_at, changed_at) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
        SavedScreener { user_id: "ann".to_owned(), screener, created_at, changed_at }
    }

    fn started(
        saved: &SavedScreener,
        channels: &[&str],
    ) -> Result<(ScheduledScreenerParams, Option<String>), String> {
        let channels: Vec<String> = channels.iter().copied().map(str::to_owned).collect();
        started_with(saved, &"ann".parse().unwrap(), &channels, 2)
    }

    #[test]
    fn a_screener_starts_as_its_users_under_its_name_and_share() {
        // Whoever saved it wrote another user, a past moment and more than it may.
        let criteria = json!({"user_id": "bob", "as_of": "2014-06-06T19:00:00Z", "symbols": ["F", "T", "X"],
            "max_candidates": 900});
        let (params, note) = started(&saved(criteria, "csp"), &["desk"]).unwrap();
        let screen = params.screen();
        assert_eq!((screen.user_id.as_str(), screen.screener_id.as_deref()), ("ann", Some("High IV; puts")));
        assert_eq!(
            (screen.as_of, screen.criteria.symbols.len(), screen.criteria.max_candidates),
            (None, 2, 2)
        );
        assert_eq!(note.as_deref(), Some("only the first 2 of its 3 symbols"));
        assert!(params.only_new && params.notify_channels.len() == 1);
    }

    #[test]
    fn one_that_cannot_run_says_why() {
        let why = |criteria, strategy: &str, channels: &[&str]| {
            started(&saved(criteria, strategy), channels).unwrap_err()
        };
        assert!(why(json!({"max_prize": 1}), "csp", &[]).contains("max_prize"));
        assert!(why(json!("?"), "csp", &[]).starts_with("what is saved cannot be run; save it again"));
        assert!(why(json!({}), "spread", &[]).contains("this one is for spread"));
        assert!(why(json!({}), "csp", &["a\nb"]).contains("channel"));
    }
}
