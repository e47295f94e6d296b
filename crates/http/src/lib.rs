//! How ttai calls a provider over HTTP: one [`Service`] an account, with its rate limit, retries, timeouts, the mapping
//! of answers to [`ttai_ports::PortError`], the provider's clock and call metrics. No provider's own words live here.

mod call;
mod clock;
mod failure;
mod limits;
pub mod metrics;
mod request;
mod service;

pub use clock::ProviderClock;
pub use failure::retry_after;
pub use limits::LocalLimits;
pub use request::{Effect, Request, Response, segment};
pub use service::{ErrorBody, Service, ServiceConfig};
