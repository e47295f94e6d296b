//! How fast DXLink frames are decoded: `cargo bench -p ttai-providers --bench dxlink`. The table at the end is in quotes (or
//! bars) a second on one core, beside a tree of `serde_json::Value` for the same frame.
#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark prints its table; criterion's macros document nothing"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use rust_decimal::Decimal;
use serde_json::Value;
use ttai_providers::dxlink::{Event, EventFields, Frame, parse_frame};

/// Events in one frame, as a busy server sends them.
const EVENTS: usize = 250;

fn frame(event_type: &str, event: impl Fn(usize) -> String) -> String {
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    format!(r#"{{"type":"FEED_DATA","channel":1,"data":["{event_type}",[{}]]}}"#, events.join(","))
}

fn option_symbol(number: usize) -> String {
    format!(".AAPL261218{}{}", if number.is_multiple_of(2) { 'C' } else { 'P' }, 50 + number / 2)
}

/// In the order in which we ask for the fields.
fn quotes() -> String {
    frame("Quote", |n| {
        let bid = 1.0 + n as f64 * 0.05;
        format!(
            r#""{}",{bid:.2},{:.2},{}.0,{}.0,1789761600000,1789761601000"#,
            option_symbol(n),
            bid + 0.1,
            n + 1,
            n + 7
        )
    })
}

fn greeks() -> String {
    frame("Greeks", |n| {
        let delta = 0.123_456_789 + n as f64 / 1000.0;
        format!(
            r#""{}",1789761600000,3.456,0.2534{n},{delta},0.0123456,-0.0587654,0.0312,"NaN""#,
            option_symbol(n)
        )
    })
}

fn candles() -> String {
    frame("Candle", |n| {
        let time = 1_600_000_000_000_u64 + n as u64 * 86_400_000;
        format!(
            r#""AAPL{{=d}}",0,{},{time},0,812345,188.{n},190.5,187.25,189.75,5.3421E7,189.123456,"NaN",0"#,
            time << 20
        )
    })
}

fn decode(frame: &[u8], fields: &EventFields, mut sink: impl FnMut(Event<'_>)) {
    if let Ok(Frame::FeedData { data, .. }) = parse_frame(frame) {
        data.decode(fields, &mut sink).expect("the frame is whole");
    }
}

/// What the hub does with a quote but for the readers: both prices looked at.
fn sum_quotes(frame: &[u8], fields: &EventFields) -> Decimal {
    let mut sum = Decimal::ZERO;
    decode(frame, fields, |event| {
        if let Event::Quote(quote) = event {
            sum += quote.ask.unwrap_or_default() - quote.bid.unwrap_or_default();
        }
    });
    sum
}

fn count(frame: &[u8], fields: &EventFields) -> usize {
    let mut count = 0;
    decode(frame, fields, |event| {
        black_box(&event);
        count += 1;
    });
    count
}

fn tree(frame: &[u8]) -> usize {
    let tree: Value = serde_json::from_slice(frame).expect("the frame is JSON");
    tree["data"][1].as_array().map_or(0, Vec::len)
}

/// The best rate of a few rounds, in events a second.
fn rate<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let (begun, mut frames) = (Instant::now(), 0_usize);
        while begun.elapsed() < Duration::from_millis(300) {
            black_box(work());
            frames += 1;
        }
        best = best.max((frames * EVENTS) as f64 / begun.elapsed().as_secs_f64());
    }
    best
}

fn main() {
    let fields = EventFields::as_wanted();
    let frames = [("COMPACT quotes", quotes()), ("COMPACT Greeks", greeks()), ("COMPACT bars", candles())];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("dxlink");
    group.throughput(Throughput::Elements(EVENTS as u64));
    for (name, frame) in &frames {
        group.bench_function(*name, |bencher| bencher.iter(|| count(black_box(frame.as_bytes()), &fields)));
    }
    group.finish();
    criterion.final_summary();

    println!("\n{:<34}{:>12}{:>12}{:>10}", "decoded on one core", "events/s", "bytes/event", "MB/s");
    let line = |name: &str, bytes: usize, rate: f64| {
        let size = bytes as f64 / EVENTS as f64;
        println!("{name:<34}{rate:>12.0}{size:>12.0}{:>10.0}", rate * size / 1e6);
    };
    for (name, frame) in &frames {
        line(name, frame.len(), rate(|| count(frame.as_bytes(), &fields)));
    }
    let quotes = frames[0].1.as_bytes();
    line("COMPACT quotes, prices added up", quotes.len(), rate(|| sum_quotes(quotes, &fields)));
    line("the same as serde_json::Value", quotes.len(), rate(|| tree(quotes)));
}
