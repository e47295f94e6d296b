//! What the Temporal SDK measures, in the Prometheus text format, for the worker's `/metrics`.
//!
//! The exporter that comes with the SDK opens a port of its own; this meter is rendered on ours. Names are those of the
//! SDK's exporter with its suffixes on: `temporal_…_total` for counters, `temporal_…_seconds` for durations.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use temporalio_common_native::telemetry::metrics::{
    CoreMeter, Counter, CounterBase, Gauge, GaugeBase, GaugeF64, GaugeF64Base, Histogram, HistogramBase,
    HistogramDuration, HistogramDurationBase, HistogramF64, HistogramF64Base, MetricAttributable,
    MetricAttributes, MetricParameters, NewAttributes, OrderedPromLabelSet, TemporalMeter, UpDownCounter,
    UpDownCounterBase, default_buckets_for,
};
use temporalio_common_native::telemetry::{TaskQueueLabelStrategy, TelemetryOptions};
use temporalio_sdk::runtime::RuntimeOptions;

static METER: LazyLock<Arc<Meter>> = LazyLock::new(Arc::default);

/// Options of the workers' runtime: what it measures goes here.
///
/// # Errors
/// Never with these options; the SDK's builder has the type for others.
pub(crate) fn runtime_options() -> Result<RuntimeOptions, String> {
    let meter: Arc<dyn CoreMeter> = METER.clone();
    let telemetry =
        TelemetryOptions::builder().metrics(meter).metric_prefix(String::new()).attach_service_name(false);
    RuntimeOptions::builder().telemetry_options(telemetry.build()).build()
}

/// The meter of a connection: requests, their failures and how long they took.
pub(crate) fn connection_meter() -> TemporalMeter {
    TemporalMeter::new(METER.clone(), NewAttributes::default(), TaskQueueLabelStrategy::UseNormal)
}

/// All measurements of this process in the Prometheus text format 0.0.4.
#[must_use]
pub fn render() -> String {
    METER.render()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric: its series by their labels, which are in the form that is printed.
#[derive(Debug)]
struct Family {
    kind: Kind,
    help: String,
    /// Upper bounds of a histogram's buckets.
    bounds: &'static [f64],
    series: Mutex<BTreeMap<String, Series>>,
}

impl Family {
    fn at(&self, attributes: &MetricAttributes) -> Series {
        let new = || Series { bounds: self.bounds, point: Arc::default() };
        locked(&self.series).entry(printed(attributes)).or_insert_with(new).clone()
    }

    fn render(&self, name: &str, text: &mut String) {
        let series = locked(&self.series);
        if series.is_empty() {
            return;
        }
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {}", self.help, self.kind.name());
        for (labels, series) in series.iter() {
            let point = locked(&series.point);
            if self.kind == Kind::Histogram {
                point.render(name, labels, self.bounds, text);
            } else {
                let _ = writeln!(text, "{name}{} {}", braced(labels), point.value);
            }
        }
    }
}

/// The labels as they are printed: `a="b",c="d"`.
fn printed(attributes: &MetricAttributes) -> String {
    let MetricAttributes::Prometheus { labels } = attributes else { return String::new() };
    let sorted: BTreeMap<&str, String> = labels.as_prom_labels().into_iter().collect();
    let escaped = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let pairs: Vec<String> =
        sorted.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
    pairs.join(",")
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

/// What was measured with one set of labels.
#[derive(Clone, Debug)]
struct Series {
    bounds: &'static [f64],
    point: Arc<Mutex<Point>>,
}

/// A counter's or gauge's value, or a histogram's sum with its buckets.
#[derive(Debug, Default)]
struct Point {
    value: f64,
    count: u64,
    buckets: Vec<u64>,
}

impl Series {
    fn add(&self, amount: f64) {
        locked(&self.point).value += amount;
    }

    fn set(&self, value: f64) {
        locked(&self.point).value = value;
    }

    fn observe(&self, value: f64) {
        let mut point = locked(&self.point);
        point.value += value;
        point.count += 1;
        point.buckets.resize(self.bounds.len(), 0);
        for (bucket, bound) in point.buckets.iter_mut().zip(self.bounds) {
            *bucket += u64::from(value <= *bound);
        }
    }
}

impl Point {
    fn render(&self, name: &str, labels: &str, bounds: &[f64], text: &mut String) {
        let comma = if labels.is_empty() { "" } else { "," };
        for (bucket, bound) in self.buckets.iter().zip(bounds) {
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {bucket}");
        }
        let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{name}_sum{} {}", braced(labels), self.value);
        let _ = writeln!(text, "{name}_count{} {}", braced(labels), self.count);
    }
}

/// Every metric that the SDK has asked for, by name.
#[derive(Debug, Default)]
struct Meter(Mutex<BTreeMap<String, Arc<Family>>>);

impl Meter {
    fn instrument(&self, parameters: &MetricParameters, kind: Kind, suffix: &str) -> Arc<Instrument> {
        let seconds = suffix == SECONDS;
        let bounds =
            if kind == Kind::Histogram { default_buckets_for(&parameters.name, seconds) } else { &[] };
        let name = parameters.name.strip_suffix(suffix).unwrap_or(&parameters.name);
        let name = format!("temporal_{name}{suffix}");
        let help = parameters.description.replace('\n', " ");
        let new = || Arc::new(Family { kind, help, bounds, series: Mutex::default() });
        Arc::new(Instrument(locked(&self.0).entry(name).or_insert_with(new).clone()))
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for (name, family) in locked(&self.0).iter() {
            family.render(name, &mut text);
        }
        text
    }
}

const TOTAL: &str = "_total";
const SECONDS: &str = "_seconds";

impl CoreMeter for Meter {
    fn new_attributes(&self, attributes: NewAttributes) -> MetricAttributes {
        MetricAttributes::Prometheus { labels: Arc::new(attributes.into()) }
    }

    fn extend_attributes(&self, existing: MetricAttributes, more: NewAttributes) -> MetricAttributes {
        let mut labels = match existing {
            MetricAttributes::Prometheus { labels } => Arc::unwrap_or_clone(labels),
            _ => OrderedPromLabelSet::new(),
        };
        more.attributes.into_iter().for_each(|pair| labels.add_kv(pair));
        MetricAttributes::Prometheus { labels: Arc::new(labels) }
    }

    fn counter(&self, parameters: MetricParameters) -> Counter {
        Counter::new(self.instrument(&parameters, Kind::Counter, TOTAL))
    }

    fn histogram(&self, parameters: MetricParameters) -> Histogram {
        Histogram::new(self.instrument(&parameters, Kind::Histogram, ""))
    }

    fn histogram_f64(&self, parameters: MetricParameters) -> HistogramF64 {
        HistogramF64::new(self.instrument(&parameters, Kind::Histogram, ""))
    }

    fn histogram_duration(&self, parameters: MetricParameters) -> HistogramDuration {
        HistogramDuration::new(self.instrument(&parameters, Kind::Histogram, SECONDS))
    }

    fn gauge(&self, parameters: MetricParameters) -> Gauge {
        Gauge::new(self.instrument(&parameters, Kind::Gauge, ""))
    }

    fn gauge_f64(&self, parameters: MetricParameters) -> GaugeF64 {
        GaugeF64::new(self.instrument(&parameters, Kind::Gauge, ""))
    }

    fn up_down_counter(&self, parameters: MetricParameters) -> UpDownCounter {
        UpDownCounter::new(self.instrument(&parameters, Kind::Gauge, ""))
    }
}

/// What the SDK records into; which of its kinds decides the trait.
#[derive(Debug)]
struct Instrument(Arc<Family>);

macro_rules! records {
    ($($base:ident::$method:ident($value:ident: $type:ty) => $change:ident($number:expr);)*) => { $(
        impl $base for Series {
            fn $method(&self, $value: $type) {
                self.$change($number);
            }
        }

        impl MetricAttributable<Box<dyn $base>> for Instrument {
            fn with_attributes(
                &self,
                attributes: &MetricAttributes,
            ) -> Result<Box<dyn $base>, Box<dyn Error>> {
                Ok(Box::new(self.0.at(attributes)))
            }
        }
    )* };
}

records! {
    CounterBase::adds(value: u64) => add(value as f64);
    UpDownCounterBase::adds(value: i64) => add(value as f64);
    GaugeBase::records(value: u64) => set(value as f64);
    GaugeF64Base::records(value: f64) => set(value);
    HistogramBase::records(value: u64) => observe(value as f64);
    HistogramF64Base::records(value: f64) => observe(value);
    HistogramDurationBase::records(value: Duration) => observe(value.as_secs_f64());
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use temporalio_common_native::telemetry::metrics::MetricKeyValue;

    use super::*;

    #[test]
    fn measurements_are_rendered_as_prometheus_reads_them() {
        let meter = Meter::default();
        let queue = meter.new_attributes([MetricKeyValue::new("task-queue", "a \"b\"")].into());
        let both = meter.extend_attributes(queue.clone(), [MetricKeyValue::new("eager", true)].into());
        let parameters = MetricParameters::builder().name("request").description("Requests").build();
        meter.counter(parameters.clone()).add(2, &queue);
        meter.counter(parameters).add(1, &queue);
        meter.gauge("num_pollers".into()).record(3, &both);
        meter.counter("never_used".into());
        meter.counter("local_activity_total".into()).add(1, &MetricAttributes::Empty);
        let latency = meter.histogram_duration("request_latency".into());
        latency.with_attributes(&queue).unwrap().records(Duration::from_millis(75));
        let text = meter.render();
        for line in [
            "# HELP temporal_request_total Requests",
            "# TYPE temporal_request_total counter",
            r#"temporal_request_total{task_queue="a \"b\""} 3"#,
            r#"temporal_num_pollers{eager="true",task_queue="a \"b\""} 3"#,
            "temporal_local_activity_total 1",
            "# TYPE temporal_request_latency_seconds histogram",
            r#"temporal_request_latency_seconds_bucket{task_queue="a \"b\"",le="0.05"} 0"#,
            r#"temporal_request_latency_seconds_bucket{task_queue="a \"b\"",le="0.1"} 1"#,
            r#"temporal_request_latency_seconds_bucket{task_queue="a \"b\"",le="+Inf"} 1"#,
            r#"temporal_request_latency_seconds_sum{task_queue="a \"b\""} 0.075"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("never_used"), "{text}");
    }
}
