//! A stream of requests: reads lines of bounded length, answers each in order, flushes when nothing more waits.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use serde_json::{Value, json};

use crate::{CalcError, answer};

/// The longest line that is read as a request; room for a chain of 20,000 contracts.
pub const MAX_LINE_BYTES: usize = 64 << 20;

const BUFFER_BYTES: usize = 1 << 16;

/// How a stream went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamSummary {
    /// Lines answered.
    pub answered: u64,
    /// Those among them that were answered with an error.
    pub errors: u64,
}

/// Answers every line of `input` on `output`, in order; blank lines are skipped.
///
/// Each answer of a request that cannot be answered is `{"error": …, "line": …}`, and the run goes on. What has been answered is
/// flushed whenever no further input is waiting, so that a person or a program can ask one question at a time.
///
/// # Errors
/// Only what reading or writing itself meets, such as a closed pipe.
pub fn answer_lines(input: impl Read, output: impl Write) -> io::Result<StreamSummary> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, output);
    let mut summary = StreamSummary::default();
    let mut line = Vec::new();
    let mut number = 0_u64;
    while let Some(length) = read_line(&mut input, &mut line, &mut output)? {
        number += 1;
        if line.trim_ascii().is_empty() && length <= MAX_LINE_BYTES {
            continue;
        }
        let mut found = if length > MAX_LINE_BYTES {
            json!({"error": CalcError::LineTooLong(MAX_LINE_BYTES).to_string()})
        } else {
            answer(line.trim_ascii())
        };
        summary.answered += 1;
        if let Value::Object(fields) = &mut found
            && fields.contains_key("error")
        {
            summary.errors += 1;
            fields.insert("line".to_owned(), number.into());
        }
        serde_json::to_writer(&mut output, &found)?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(summary)
}

/// Reads one line without its end into `line` and says how long it is; of one that is too long only the start is kept. None at
/// the end of the input.
///
/// A line that is not all there yet may keep the reader waiting, so `output` is flushed before more than what is buffered is read.
fn read_line(
    input: &mut BufReader<impl Read>,
    line: &mut Vec<u8>,
    output: &mut impl Write,
) -> io::Result<Option<usize>> {
    line.clear();
    let mut length = 0_usize;
    let mut begun = false;
    loop {
        if input.buffer().is_empty() {
            output.flush()?;
        }
        let waiting = match input.fill_buf() {
            Ok(waiting) => waiting,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if waiting.is_empty() {
            return Ok(begun.then_some(length));
        }
        begun = true;
        let end = waiting.iter().position(|byte| *byte == b'\n');
        let part = &waiting[..end.unwrap_or(waiting.len())];
        length = length.saturating_add(part.len());
        let room = MAX_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(length));
        }
    }
}
