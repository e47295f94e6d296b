//! Pages of rows: so many at a time, and where the next page begins.

use serde_json::Value;

use crate::answer::ToolAnswer;
use crate::field::{FieldKind, ToolField, field};
use crate::problem::ToolProblem;
use crate::tool::McpCall;

/// Where a page begins.
pub(crate) const CURSOR: ToolField =
    field("cursor", FieldKind::Integer(0, 10_000), "Where to go on: next_cursor of the page before.");

/// How many rows have to be read for a call's page, and one more that says whether there is another.
pub(crate) fn rows_to_read(call: &McpCall<'_>, usual: u32) -> u32 {
    let first = call.arguments.integer("cursor").and_then(|cursor| u32::try_from(cursor).ok()).unwrap_or(0);
    (first + call.arguments.limit(usual) + 1).min(1_000)
}

/// The page of these rows that a call asks for.
pub(crate) fn page(
    call: &McpCall<'_>,
    name: &str,
    rows: Vec<Value>,
    usual: u32,
) -> Result<ToolAnswer, ToolProblem> {
    let first = call.arguments.integer("cursor").and_then(|cursor| usize::try_from(cursor).ok()).unwrap_or(0);
    let wanted = usize::try_from(call.arguments.limit(usual)).unwrap_or(1);
    let all = rows.len();
    let shown: Vec<Value> = rows.into_iter().skip(first).take(wanted).collect();
    let next = first + shown.len();
    let answer = ToolAnswer::of(name, shown)?;
    if next < all { answer.with("next_cursor", next.to_string()) } else { Ok(answer) }
}
