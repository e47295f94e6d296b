//! Watchlists: the user's own, and the service's public ones.

use http::{Method, StatusCode};
use serde::de::IgnoredAny;
use ttai_http::{Effect, Request, segment};
use ttai_ports::{BrokerWatchlist, PortError};

use super::Tastytrade;
use super::model::{Watchlist, parse};
use super::symbols::{EQUITY, symbol};

impl Tastytrade {
    /// The user's watchlists.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn watchlists(&self) -> Result<Vec<Watchlist>, PortError> {
        self.client.list("watchlists", self.client.service.get("watchlists", "/watchlists")).await
    }

    /// The service's public watchlists, with what is in them.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn public_watchlists(&self) -> Result<Vec<Watchlist>, PortError> {
        self.client.list("watchlists", self.client.service.get("watchlists", "/public-watchlists")).await
    }

    /// One of the user's watchlists; `None` where there is none of that name.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn watchlist(&self, name: &str) -> Result<Option<Watchlist>, PortError> {
        let request = self.client.service.get("watchlist", &path(name)).accept(StatusCode::NOT_FOUND);
        let answer = self.client.send(request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(parse::<Watchlist>("watchlist", &answer.body)?.data))
    }

    /// Keeps a watchlist under its name, new or in the place of the old one: the list as it is now, whole.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn save_watchlist(&self, watchlist: &Watchlist) -> Result<(), PortError> {
        let exists = self.watchlist(&watchlist.name).await?.is_some();
        let service = &self.client.service;
        let request = if exists {
            service.request(Method::PUT, "watchlist", &path(&watchlist.name)).effect(Effect::Idempotent)
        } else {
            // A second one of the same name is refused: after a lost answer the caller saves again, which replaces it.
            service.post("watchlist", "/watchlists")
        };
        self.change(request.json(watchlist)).await
    }

    /// Deletes one of the user's watchlists; one that is not there is deleted already.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn delete_watchlist(&self, name: &str) -> Result<(), PortError> {
        self.change(self.client.service.delete("watchlist", &path(name)).accept(StatusCode::NOT_FOUND)).await
    }

    async fn change(&self, request: Request) -> Result<(), PortError> {
        let answer = self.client.send(request).await?;
        let _: IgnoredAny = answer.json()?;
        Ok(())
    }
}

/// The list in the project's words: shares, funds and indices, each once.
pub(super) fn view(list: Watchlist) -> BrokerWatchlist {
    let (mut symbols, mut left_out) = (Vec::new(), Vec::new());
    for entry in list.watchlist_entries.unwrap_or_default() {
        let is_share = entry.instrument_type.as_deref().is_none_or(|kind| matches!(kind, EQUITY | "Index"));
        match symbol(&entry.symbol).filter(|_| is_share) {
            Some(known) if !symbols.contains(&known) => symbols.push(known),
            Some(_) => {}
            None => left_out.push(entry.symbol),
        }
    }
    BrokerWatchlist { name: list.name, symbols, left_out }
}

fn path(name: &str) -> String {
    format!("/watchlists/{}", segment(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_what_can_be_watched_and_names_the_rest() {
        let list = serde_json::json!({"name": "mine", "watchlist-entries": [
            {"symbol": "BRK/B", "instrument-type": "Equity"}, {"symbol": "SPX", "instrument-type": "Index"},
            {"symbol": "/ESZ9", "instrument-type": "Future"}, {"symbol": "AAPL"}, {"symbol": "AAPL"},
        ]});
        let view = view(serde_json::from_value(list).unwrap());
        let names: Vec<&str> = view.symbols.iter().map(ttai_core::Symbol::as_str).collect();
        assert_eq!((names, view.left_out), (vec!["BRK.B", "SPX", "AAPL"], vec!["/ESZ9".to_owned()]));
    }
}
