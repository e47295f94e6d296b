//! Calls with the access token: a refused token is replaced once and the call repeated, since it took no effect; lists are
//! read page by page.

use http::StatusCode;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use ttai_http::{Request, Response, Service};
use ttai_ports::PortError;

use super::auth::Tokens;
use super::error;
use super::model::{self, DividendInfo, Envelope, Items};
use super::records::Records;
use super::sent::SentOrders;
use super::{PROVIDER, QuoteToken};
use crate::cached::Cache;

/// No list is read beyond this many pages.
const MOST_PAGES: u32 = 100;

/// The service with an account's token.
pub(super) struct Client {
    pub(super) service: Service,
    pub(super) tokens: Tokens,
    /// `Accept-Version`; none for the newest.
    pub(super) api_version: Option<String>,
    /// What opened the stream the last time.
    pub(super) quote_token: Mutex<Option<QuoteToken>>,
    /// Orders that are being sent or settle.
    pub(super) sent_orders: SentOrders,
    /// Metrics that were read for many symbols at once.
    pub(super) records: Records,
    /// The risk-free rate, which changes once a day at most; under one name.
    pub(super) rates: Cache<Decimal>,
    /// What shares have paid, which changes a few times a year; by symbol.
    pub(super) dividends: Cache<Vec<DividendInfo>>,
}

/// What a reader of pages says after each.
pub(super) enum Paging {
    /// The next page, if there is one.
    More,
    /// It has what it wanted.
    Enough,
}

impl Client {
    /// Sends with the token.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`]; [`PortError::Authentication`] where a fresh token was refused too.
    pub(super) async fn send(&self, request: Request) -> Result<Response, PortError> {
        let request = match &self.api_version {
            Some(version) => request.header("accept-version", version),
            None => request,
        };
        let request = request.header("accept", "application/json").accept(StatusCode::UNAUTHORIZED);
        let mut refused = None;
        for _ in 0..2 {
            let token = self.tokens.token().await?;
            let answer = request.clone().bearer(&token).send().await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            self.tokens.discard(&token).await;
            refused = error::of_body(answer.status, &answer.body);
        }
        Err(refused.unwrap_or_else(|| PortError::Authentication {
            provider: PROVIDER.to_owned(),
            detail: "the access token was refused".to_owned(),
        }))
    }

    /// Reads one thing.
    ///
    /// # Errors
    /// As [`Client::send`], and [`PortError::Corrupt`].
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: Request,
    ) -> Result<T, PortError> {
        let answer = self.send(request).await?;
        Ok(model::parse::<T>(operation, &answer.body)?.data)
    }

    /// Reads a list in one piece.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: Request,
    ) -> Result<Vec<T>, PortError> {
        Ok(self.read::<Items<T>>(operation, request).await?.items)
    }

    /// Reads a list page by page, each given to `take`.
    ///
    /// # Errors
    /// As [`Client::read`]; [`PortError::Invalid`] for a list that goes on beyond the cap.
    pub(super) async fn pages<T: DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        per_page: u32,
        request: Request,
        mut take: impl FnMut(Vec<T>) -> Result<Paging, PortError> + Send,
    ) -> Result<(), PortError> {
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            let page = request
                .clone()
                .query("per-page", per_page.to_string())
                .query("page-offset", offset.to_string());
            let answer = self.send(page).await?;
            let page: Envelope<Items<T>> = model::parse(operation, &answer.body)?;
            let empty = page.data.items.is_empty();
            let wants_more = matches!(take(page.data.items)?, Paging::More);
            match page
                .pagination
                .and_then(model::Pagination::next)
                .filter(|next| wants_more && !empty && *next > offset)
            {
                Some(next) => offset = next,
                None => return Ok(()),
            }
        }
        Err(error::invalid(format!(
            "the list of {operation} has more than {MOST_PAGES} pages of {per_page}; ask for a shorter span"
        )))
    }

    /// Reads a whole list page by page.
    ///
    /// # Errors
    /// As [`Client::pages`].
    pub(super) async fn whole<T: DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        per_page: u32,
        request: Request,
    ) -> Result<Vec<T>, PortError> {
        let mut all = Vec::new();
        self.pages(operation, per_page, request, |page| {
            all.extend(page);
            Ok(Paging::More)
        })
        .await?;
        Ok(all)
    }
}
