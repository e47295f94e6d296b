//! `ttai news`: the stories that were seen, and what became of them.

use std::process::ExitCode;

use chrono::{TimeDelta, Utc};
use ttai_ports::{NewsSeen, StoryFilter};
use ttai_store::Database;

use crate::cli::{GlobalArgs, NewsArgs};
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Runs the command.
///
/// # Errors
/// A store that cannot be opened.
pub async fn run(global: &GlobalArgs, args: NewsArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let database = Database::open(&wiring::store_url(&settings)?).await?;
    let now = Utc::now();
    let since = args.within.and_then(|span| now.checked_sub_signed(TimeDelta::from_std(span).ok()?));
    let filter = StoryFilter {
        user_id: args.user.to_string(),
        symbols: args.symbols,
        alerted: args.alerted,
        since,
        limit: Some(args.limit),
        after: None,
    };
    let found = database.list_stories(&filter).await?;
    if args.json {
        output::json(&found)?;
    } else if found.is_empty() {
        let progress = database.news_progress(&filter.user_id).await?;
        output::note(nothing(progress.revision > 0));
    } else {
        output::line(&report::stories(&found, now));
    }
    Ok(ExitCode::SUCCESS)
}

const fn nothing(was_looked_at: bool) -> &'static str {
    if was_looked_at {
        "no stories were seen yet; `ttai monitor status news-watcher` shows the sources and the symbols"
    } else {
        "no news were read yet: they are read for the symbols of your watchlists (`ttai watchlist add tech AAPL MSFT`) and positions, \
         while `ttai dev` or a worker runs and `ttai monitor list` shows news-watcher"
    }
}
