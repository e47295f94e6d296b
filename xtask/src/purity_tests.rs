//! Each way out that was open once, and innocent code that looks like one.

use super::*;
use crate::table::LAYERS;

fn found(package: &str, source: &str) -> Vec<String> {
    let layer = LAYERS.iter().find(|layer| layer.name == package).unwrap();
    named(&without_tests(&tokens(source)), layer.bans)
}

#[test]
fn every_way_out_is_caught_in_every_pure_crate() {
    let ways = [
        "fn f() { std::fs::write(\"a\", \"b\"); }",
        "fn f() { std::fs::File::open(\"a\"); }",
        "use std::fs::File;",
        "use std::{fs, net};",
        "use std::{fmt, net::{self, TcpStream}};",
        "fn f() { std::net::TcpStream::connect(\"a:1\"); }",
        "fn f() { ::std::process::Command::new(\"ls\"); }",
        "fn f() { std :: /* not seen */ env ::vars(); }",
        "fn f() { std::thread::Builder::new(); }",
        "use std::os::unix::net::UnixStream;",
        "use std::path::Path;",
        "use std::fs as paper;",
        "use std as s;",
        "use {core::fmt, std as s};",
        "extern crate std as s;",
        "use r#std::r#fs;",
        "use std::*;",
        "use std::time::*;",
        "use std::time;",
        "use std::{time::{self as t}};",
        "use std::time::Instant;",
        "use core::time as t; use std::sync::mpsc;",
        "use std::sync::{Arc, Condvar};",
        "use std::hash::RandomState;",
        "use std::collections::hash_map::RandomState;",
        "pub use std::env;",
        "fn f() { chrono::Utc::now(); }",
        "use chrono::Utc as U; fn f() { U::now(); }",
        "fn f() { map(Clock::now) }",
        "macro_rules! m { ($m:ident) => { std::$m::read(\"a\") } }",
        "macro_rules! m { ($m:ident) => { mod $m; } }",
        "#[path = \"../other.rs\"] mod other;",
        "#[cfg_attr(unix, path = \"unix.rs\")] mod system;",
        "include!(\"../other.rs\");",
        "fn f() { println!(\"a\"); }",
        "fn f() { let a = option_env!(\"A\"); }",
        "thread_local! { static A: u8 = 1; }",
        "#[cfg(any(test, feature = \"f\"))] use std::fs;",
        "#[cfg(test)] mod tests { use std::fs; } use std::env;",
        "#[cfg(test)] use std::fs; use std::env;",
        "struct S { #[cfg(test)] a: u8, b: std::fs::File }",
        "fn f() { serde::std::fs::read(\"a\"); }",
        "const QUOTE: char = '\"'; use std::fs; const END: char = '\"';",
    ];
    for layer in LAYERS.iter().filter(|layer| !layer.bans.is_empty()) {
        for way in ways {
            assert!(!found(layer.name, way).is_empty(), "{}: {way}", layer.name);
        }
    }
}

#[test]
fn each_crate_has_its_own_bans() {
    let hashed = "use std::collections::HashMap;";
    assert_eq!(found("ttai-workflows", hashed), ["1: std::collections::HashMap"]);
    assert_eq!(found("ttai-contract", "use std::collections::{BTreeMap, hash_map as h};").len(), 1);
    assert!(found("ttai-quant", hashed).is_empty());
    let time = "use std::time::SystemTime;";
    assert!(found("ttai-workflows", time).is_empty(), "the workflow's time has this type");
    assert!(!found("ttai-workflows", "fn f() { std::time::SystemTime::now(); }").is_empty());
    assert!(!found("ttai-workflows", "fn f(t: T) { t.elapsed(); T::elapsed(&t); }").is_empty());
    assert!(!found("ttai-quant", time).is_empty());
    assert!(found("ttai-calc", "use std::io::{self, Write};").is_empty());
    assert!(!found("ttai-calc", "fn f() { std::io::stdout(); }").is_empty());
    assert!(!found("ttai-chart", "use std::io::Write;").is_empty());
}

#[test]
fn innocent_code_is_left_alone() {
    let innocent = "
        //! std::fs::write
        /* use std::net; */
        use std::time::Duration;
        use std::collections::BTreeMap;
        use std::sync::{
            Arc, Mutex,
        };
        use core::fmt::{self, Display};
        const TEXT: &str = \"std::env::vars() Utc::now()\";
        const RAW: &str = r#\"println!(\"std::fs\")\"#;
        fn std(now: f64, path: &str) -> f64 { let elapsed = now; let std = elapsed; std }
        fn font() -> &'static [u8] { include_bytes!(\"font.ttf\") }
        fn precise<'a>(a: &'a str) -> impl Sized + use<'a> { a }
        fn clock(clock: &dyn Clock) { clock.now(); crate::core::time(); }
        #[cfg(test)]
        mod tests { use std::fs::File; }
        #[cfg(test)]
        #[rustfmt::skip]
        fn read() -> [u8; 1] { std::fs::read(\"a\"); [1] }
    ";
    for layer in LAYERS.iter().filter(|layer| !layer.bans.is_empty()) {
        assert_eq!(found(layer.name, innocent), Vec::<String>::new(), "{}", layer.name);
    }
}

#[test]
fn modules_are_followed_into_their_files_tests_aside() {
    let folder = std::env::temp_dir().join(format!("ttai-purity-{}", std::process::id()));
    let files = [
        ("lib.rs", "mod a; mod inline { mod deep; } #[cfg(test)] mod tests;"),
        ("a.rs", "mod b;"),
        ("a/b/mod.rs", "fn f() {}\nuse std::fs;"),
        ("inline/deep.rs", "use std::env;"),
        ("tests.rs", "use std::net;"),
    ];
    for (name, text) in files {
        let file = folder.join("src").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let quant = LAYERS.iter().find(|layer| layer.name == "ttai-quant").unwrap();
    let mut violations = violations(&folder.join("Cargo.toml"), quant.bans).unwrap();
    violations.sort();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(violations, ["src/a/b/mod.rs:2: std::fs", "src/inline/deep.rs:1: std::env"]);
}
