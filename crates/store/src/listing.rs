//! The queries that read analyses, for both databases.

use chrono::{DateTime, Utc};
use sqlx::query_builder::QueryBuilder;
use sqlx::{Database, Encode, Type};
use ttai_ports::AnalysisFilter;

/// Appends the condition on the workflow id to `select`.
pub(crate) fn single<'q, D>(select: &str, workflow_id: &str) -> QueryBuilder<D>
where
    D: Database,
    D::Arguments: Default,
    String: Encode<'q, D> + Type<D>,
{
    let mut query = QueryBuilder::new(select);
    query.push(" WHERE workflow_id = ").push_bind(workflow_id.to_owned());
    query
}

/// Appends the filter, the order and the limit to `select`. Every value is bound; `instant` gives the database's form
/// of an instant.
pub(crate) fn listing<'q, D, T>(
    select: &str,
    filter: &AnalysisFilter,
    limit: u32,
    instant: impl Fn(DateTime<Utc>) -> T,
) -> QueryBuilder<D>
where
    D: Database,
    D::Arguments: Default,
    String: Encode<'q, D> + Type<D>,
    i64: Encode<'q, D> + Type<D>,
    T: Encode<'q, D> + Type<D>,
{
    let mut query = QueryBuilder::new(select);
    query.push(" WHERE true");
    if let Some(user_id) = &filter.user_id {
        query.push(" AND user_id = ").push_bind(user_id.clone());
    }
    if let Some(symbol) = &filter.symbol {
        query.push(" AND symbol = ").push_bind(symbol.clone());
    }
    if let Some(before) = filter.before {
        query.push(" AND created_at < ").push_bind(instant(before));
    }
    if let Some(cursor) = &filter.after {
        query.push(" AND (created_at, workflow_id) < (").push_bind(instant(cursor.created_at));
        query.push(", ").push_bind(cursor.workflow_id.clone()).push(")");
    }
    query.push(" ORDER BY created_at DESC, workflow_id DESC LIMIT ").push_bind(i64::from(limit));
    query
}
