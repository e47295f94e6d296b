//! A report as one HTML file and as Markdown, by templates over the same data. Everything from outside is escaped.

use std::sync::LazyLock;

use minijinja::value::Value;
use minijinja::{
    AutoEscape, Environment, Error, Output, State, default_auto_escape_callback, escape_formatter,
};

use super::document::ReportDocument;
use crate::failure::AnalystError;

/// How a template's values are escaped where they go into Markdown.
const MARKDOWN: &str = "markdown";

static TEMPLATES: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_trim_blocks(true);
    templates.set_lstrip_blocks(true);
    templates.set_auto_escape_callback(|name| match name {
        "report.md" => AutoEscape::Custom(MARKDOWN),
        other => default_auto_escape_callback(other),
    });
    templates.set_formatter(format_value);
    templates.add_template("report.html", include_str!("templates/report.html"))?;
    templates.add_template("report.md", include_str!("templates/report.md"))?;
    Ok(templates)
});

fn format_value(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    match state.auto_escape() {
        AutoEscape::Custom(MARKDOWN) if !value.is_safe() => {
            let text =
                if value.is_none() || value.is_undefined() { String::new() } else { value.to_string() };
            out.write_str(&markdown(&text)).map_err(Error::from)
        }
        AutoEscape::Custom(_) => out.write_str(&value.to_string()).map_err(Error::from),
        _ => escape_formatter(out, state, value),
    }
}

/// A text that Markdown takes as it is: no tag, no link, no table's edge, no line of its own.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(letter);
            }
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// The report as HTML and as Markdown.
pub(super) fn render(report: &ReportDocument) -> Result<(String, String), AnalystError> {
    let failed = |error: &Error| AnalystError::Crashed(format!("a report's template: {error:#}"));
    let templates = TEMPLATES.as_ref().map_err(failed)?;
    let of = |name: &str| {
        let template = templates.get_template(name).map_err(|error| failed(&error))?;
        template.render(report).map_err(|error| failed(&error))
    };
    Ok((of("report.html")?, of("report.md")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_cannot_be_written_into() {
        let hostile = "<script>x</script> [a](javascript:b) | *c* \n# d";
        let text = markdown(hostile);
        assert!(
            !text.contains('\n') && !text.contains("<script>") && text.contains("\\[a\\](javascript:b)"),
            "{text}"
        );
    }
}
