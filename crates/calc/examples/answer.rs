//! Answers requests on standard input, one a line, without the rest of ttai.

fn main() -> std::io::Result<()> {
    ttai_calc::answer_lines(std::io::stdin().lock(), std::io::stdout().lock()).map(|_| ())
}
