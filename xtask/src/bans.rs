//! What pure code must not name. The same data makes the scan of the sources and the lists of clippy.toml: clippy resolves
//! names, whatever route they come by, but knows single items only; the scan bans whole modules.

/// One way to the outside world.
pub(crate) struct Ban {
    /// In the table's words.
    pub(crate) what: &'static str,
    /// Modules and items of the standard library, with everything below them.
    pub(crate) paths: &'static [&'static str],
    /// Names that no type or module may be asked for, with the sign before them.
    pub(crate) calls: &'static [&'static str],
    /// Macros, by name.
    pub(crate) macros: &'static [&'static str],
    /// Functions that clippy refuses.
    pub(crate) methods: &'static [&'static str],
    /// Types that clippy refuses.
    pub(crate) types: &'static [&'static str],
}

const NOTHING: Ban = Ban { what: "", paths: &[], calls: &[], macros: &[], methods: &[], types: &[] };

/// Files and folders. Paths too: `Path::exists` asks the disk.
pub(crate) const FILES: Ban = Ban {
    what: "files",
    paths: &["std::fs", "std::path"],
    calls: &[],
    macros: &["include"],
    methods: &[
        "std::fs::canonicalize",
        "std::fs::copy",
        "std::fs::create_dir",
        "std::fs::create_dir_all",
        "std::fs::exists",
        "std::fs::hard_link",
        "std::fs::metadata",
        "std::fs::read",
        "std::fs::read_dir",
        "std::fs::read_link",
        "std::fs::read_to_string",
        "std::fs::remove_dir",
        "std::fs::remove_dir_all",
        "std::fs::remove_file",
        "std::fs::rename",
        "std::fs::set_permissions",
        "std::fs::symlink_metadata",
        "std::fs::write",
        "std::path::Path::canonicalize",
        "std::path::Path::exists",
        "std::path::Path::is_dir",
        "std::path::Path::is_file",
        "std::path::Path::metadata",
        "std::path::Path::read_dir",
        "std::path::Path::read_link",
        "std::path::Path::try_exists",
    ],
    types: &["std::fs::DirBuilder", "std::fs::File", "std::fs::OpenOptions"],
};

/// Sockets and names of hosts.
pub(crate) const NETWORK: Ban = Ban {
    what: "network",
    paths: &["std::net", "std::os"],
    methods: &["std::net::ToSocketAddrs::to_socket_addrs"],
    types: &["std::net::TcpListener", "std::net::TcpStream", "std::net::UdpSocket"],
    ..NOTHING
};

/// Other programs, and this one's end.
pub(crate) const PROCESSES: Ban = Ban {
    what: "processes",
    paths: &["std::process"],
    methods: &["std::process::abort", "std::process::exit", "std::process::id"],
    types: &["std::process::Child", "std::process::Command"],
    ..NOTHING
};

/// Variables, arguments and folders of the process, at run time and at compile time.
pub(crate) const ENVIRONMENT: Ban = Ban {
    what: "environment",
    paths: &["std::env"],
    macros: &["option_env"],
    methods: &[
        "std::env::args",
        "std::env::args_os",
        "std::env::current_dir",
        "std::env::current_exe",
        "std::env::temp_dir",
        "std::env::var",
        "std::env::var_os",
        "std::env::vars",
        "std::env::vars_os",
    ],
    ..NOTHING
};

/// Threads and what makes them wait.
pub(crate) const THREADS: Ban = Ban {
    what: "threads",
    paths: &["std::thread", "std::sync::mpsc", "std::sync::Condvar", "std::sync::Barrier"],
    calls: &[],
    macros: &["thread_local"],
    methods: &[
        "std::thread::current",
        "std::thread::park",
        "std::thread::scope",
        "std::thread::sleep",
        "std::thread::spawn",
        "std::thread::yield_now",
    ],
    types: &["std::sync::Barrier", "std::sync::Condvar", "std::thread::Builder"],
};

/// What reads a clock, as clippy knows it.
const NOW: &[&str] = &[
    "chrono::Local::now",
    "chrono::Utc::now",
    "std::time::Instant::elapsed",
    "std::time::Instant::now",
    "std::time::SystemTime::elapsed",
    "std::time::SystemTime::now",
];

/// Clocks.
pub(crate) const CLOCK: Ban = Ban {
    what: "clocks",
    paths: &["std::time::Instant", "std::time::SystemTime"],
    calls: &["::now"],
    methods: NOW,
    ..NOTHING
};

/// Clocks, but for the type in which the workflow's own time comes.
pub(crate) const INSTANT: Ban =
    Ban { paths: &["std::time::Instant"], calls: &["::now", "::elapsed", ".elapsed"], ..CLOCK };

/// Chance.
pub(crate) const RANDOMNESS: Ban = Ban {
    what: "randomness",
    paths: &["std::hash::RandomState", "std::collections::hash_map::RandomState", "std::random"],
    types: &["std::hash::RandomState"],
    ..NOTHING
};

/// Maps whose order differs from run to run.
pub(crate) const HASH_ORDER: Ban = Ban {
    what: "hash order",
    paths: &[
        "std::collections::HashMap",
        "std::collections::HashSet",
        "std::collections::hash_map",
        "std::collections::hash_set",
    ],
    types: &["std::collections::HashMap", "std::collections::HashSet"],
    ..NOTHING
};

/// Readers, writers and the standard streams.
pub(crate) const STREAMS: Ban = Ban { what: "streams", paths: &["std::io"], ..NOTHING };

/// Standard output and error.
pub(crate) const PRINTING: Ban = Ban {
    what: "printing",
    calls: &["::stdin", "::stdout", "::stderr"],
    macros: &["dbg", "eprint", "eprintln", "print", "println"],
    methods: &["std::io::stderr", "std::io::stdin", "std::io::stdout"],
    ..NOTHING
};
