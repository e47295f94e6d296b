//! Answers of language models: never a panic, and never a tool call with an answer that was cut off.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_ports::StopReason;
use ttai_providers::llm::parse_completion;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(turn) = parse_completion("fuzz", bytes) {
        assert!(turn.stop == StopReason::ToolCalls || turn.tool_calls.is_empty());
    }
});
