//! Answers requests on standard input, one a line, without the rest of ttai.
#![allow(clippy::disallowed_methods, reason = "a program has standard streams")]

fn main() -> std::io::Result<()> {
    ttai_calc::answer_lines(std::io::stdin().lock(), std::io::stdout().lock()).map(|_| ())
}
