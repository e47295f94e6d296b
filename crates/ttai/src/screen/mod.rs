//! The full screen of `ttai watch`: what is known of each symbol, and how it is drawn. No terminal, no clock and no market here.

mod board;
mod draw;

pub(crate) use board::{WatchBoard, WatchRow};
pub(crate) use draw::draw;
