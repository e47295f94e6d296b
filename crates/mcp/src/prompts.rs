//! Prompts for the usual work of a put seller.

use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

use crate::problem::ToolProblem;

/// Longest value of an argument, in characters.
const LONGEST: usize = 200;

/// A prompt as data: its arguments stand in the text as `{name}`.
struct PromptText {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    arguments: &'static [PromptInput],
    text: &'static str,
}

/// An argument of a prompt; one without a default is required.
struct PromptInput {
    name: &'static str,
    about: &'static str,
    default: Option<&'static str>,
}

const PROMPTS: &[PromptText] = &[
    PromptText {
        name: "morning_routine",
        title: "Morning routine",
        about: "What to look at before the open.",
        arguments: &[],
        text: "Prepare my trading day with ttai's tools.\n\
               1. ttai_report_run name=morning_briefing, then ttai_report_read.\n\
               2. ttai_portfolio: positions that are tested, in the money, at 50 % profit or within 21 days of expiration.\n\
               3. ttai_rolls for what is tested.\n\
               4. ttai_alert_list and ttai_news days=1 alerted=true.\n\
               Then tell me in at most ten lines what needs a decision today, most urgent first, each with its numbers. Name what could \
               not be read. Do not suggest an order without its numbers from a tool.",
    },
    PromptText {
        name: "evaluate_put",
        title: "Evaluate one put",
        about: "Whether to sell a put on a symbol.",
        arguments: &[
            PromptInput { name: "symbol", about: "Ticker, such as AAPL.", default: None },
            PromptInput { name: "capital", about: "Dollars for the position.", default: Some("not given") },
        ],
        text: "Should I sell a cash-secured put on {symbol}? Capital: {capital}.\n\
               Call ttai_analyze with symbol={symbol} strategy=csp (and capital, where it is given); if it answers with a handle, \
               ttai_run_wait. Then say: the verdict; the trade (strike, expiration, credit, breakeven, collateral, probability of profit, \
               return per week); the three best reasons for and against; what would change the verdict; and every warning and datum that \
               is missing. If it was rejected, say which constraint binds and what the smallest change would be.",
    },
    PromptText {
        name: "find_puts",
        title: "Find puts this week",
        about: "Which puts to sell this week.",
        arguments: &[
            PromptInput {
                name: "capital",
                about: "Dollars for all positions together.",
                default: Some("my account's buying power"),
            },
            PromptInput {
                name: "max_price",
                about: "Highest share price, in dollars.",
                default: Some("100"),
            },
        ],
        text: "Find cash-secured puts for me this week. Capital: {capital}. Highest share price: {max_price}.\n\
               Call ttai_screen_run with what is a number of these, then ttai_run_wait until it is completed. Show the picks as a table: \
               symbol, strike, expiration, credit, collateral, return per week, delta, probability of profit. Say how many candidates were \
               screened, the main reasons why others were dropped, and what was not checked. Compare with ttai_portfolio for symbols that I \
               hold already.",
    },
    PromptText {
        name: "manage_tested_position",
        title: "Manage a tested position",
        about: "What to do with a short option that is tested.",
        arguments: &[PromptInput { name: "symbol", about: "Ticker of the underlying.", default: None }],
        text: "My short option on {symbol} is tested. Help me decide with ttai's tools.\n\
               1. ttai_portfolio: the position, its delta, days left, profit or loss, assignment risk.\n\
               2. ttai_rolls symbol={symbol}: rolls for a credit.\n\
               3. ttai_analyze symbol={symbol} kind=chart: support, trend, extension.\n\
               4. ttai_news symbols={symbol} days=7.\n\
               Compare closing, rolling and taking assignment, each with its cost, new breakeven and risk. Say which rule of my plan \
               applies (take profit at half, review at 21 days, defend at twice the credit). Place no order.",
    },
    PromptText {
        name: "review_orders",
        title: "Review open orders and positions",
        about: "What waits, works or is open, and what needs a decision of mine.",
        arguments: &[],
        text: "Review my open orders and positions with ttai's tools (toolset trading; without it, tell me to start `ttai mcp --toolsets \
               default,trading`).\n\
               1. ttai_trade_stops: what keeps orders from being sent.\n\
               2. ttai_order_list open=true: what waits for my approval and until when, what works, what is unknown; ttai_order_show for \
               each that is not plain.\n\
               3. ttai_trade_list open=true and ttai_portfolio: what is open, at which profit or loss, how many days are left.\n\
               4. ttai_rolls for what is tested.\n\
               Tell me what needs a decision, most urgent first, each with its numbers, and for an order that waits the command with which I \
               approve or reject it in a terminal. You cannot approve, reject or resume; do not say that you did. Name what could not be read.",
    },
    PromptText {
        name: "review_week",
        title: "Review the week",
        about: "What the week brought, and what to learn from it.",
        arguments: &[],
        text: "Review my trading week with ttai's tools.\n\
               1. ttai_report_run name=weekly_review, then ttai_report_read.\n\
               2. ttai_wheel: income and cycles.\n\
               3. ttai_portfolio: what expires next week.\n\
               Tell me: profit and loss, premium income, assignments, best and worst trade and why, which of my rules I kept and broke, and \
               three things for next week. Name what is missing.",
    },
];

/// The prompts, in the order in which they are listed.
pub(crate) fn list() -> Vec<Prompt> {
    let argument = |input: &PromptInput| {
        PromptArgument::new(input.name).with_description(input.about).with_required(input.default.is_none())
    };
    let prompt = |prompt: &PromptText| {
        let arguments = prompt.arguments.iter().map(argument).collect();
        Prompt::new(prompt.name, Some(prompt.about), Some(arguments)).with_title(prompt.title)
    };
    PROMPTS.iter().map(prompt).collect()
}

/// A prompt with its arguments in place.
pub(crate) fn get(name: &str, given: Option<&JsonObject>) -> Result<GetPromptResult, ToolProblem> {
    let Some(prompt) = PROMPTS.iter().find(|prompt| prompt.name == name) else {
        let names: Vec<&str> = PROMPTS.iter().map(|prompt| prompt.name).collect();
        return Err(ToolProblem::new(
            "there is no such prompt",
            format!("Choose from {}.", names.join(", ")),
        ));
    };
    let mut text = prompt.text.to_owned();
    for input in prompt.arguments {
        let value = given.and_then(|given| given.get(input.name)).and_then(plain);
        let Some(value) = value.or_else(|| input.default.map(str::to_owned)) else {
            return Err(ToolProblem::of(input.name, "it is missing", format!("Give it: {}", input.about)));
        };
        text = text.replace(&format!("{{{}}}", input.name), &value);
    }
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(prompt.about))
}

/// A value as a part of a sentence.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::ALL;

    #[test]
    fn prompts_name_tools_that_there_are() {
        for prompt in PROMPTS {
            for word in prompt.text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
                if word.starts_with("ttai_") {
                    assert!(ALL.iter().any(|tool| tool.spec().name == word), "{}: {word}", prompt.name);
                }
            }
            let given: JsonObject =
                prompt.arguments.iter().map(|input| (input.name.to_owned(), json!("AAPL"))).collect();
            let got = serde_json::to_string(&get(prompt.name, Some(&given)).unwrap()).unwrap();
            assert!(
                prompt.arguments.iter().all(|input| !got.contains(&format!("{{{}}}", input.name))),
                "{got}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(get("evaluate_put", None).unwrap_err().to_string().contains("symbol"));
        assert!(get("evaluate", None).unwrap_err().to_string().contains("evaluate_put"));
    }
}
