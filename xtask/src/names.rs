//! One type a name: no two types that more than one module can see are called alike, in whichever crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::graph::Graph;
use crate::purity::without_tests;
use crate::tokens::{Placed, Token, tokens};

/// The types that share a name, one sentence a name.
fn shared(graph: &Graph) -> anyhow::Result<Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in &graph.ours {
        let source = graph.manifest(name)?.with_file_name("src");
        if !source.is_dir() {
            continue;
        }
        each_file(&source, &mut |file| {
            let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            let shown = file.strip_prefix(&source).unwrap_or(file).display();
            for (line, found) in types(&without_tests(&tokens(&text))) {
                places.entry(found).or_default().push(format!("{name}: src/{shown}:{line}"));
            }
            Ok(())
        })?;
    }
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    Ok(twice.map(|(name, places)| format!("{name} is {}", places.join(" and "))).collect())
}

/// Visits the sources under a folder, files of tests aside.
fn each_file(folder: &Path, visit: &mut impl FnMut(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if stem == "tests" || stem.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            each_file(&path, visit)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path)?;
        }
    }
    Ok(())
}

/// The types of a file that are `pub` or `pub(crate)`, with their lines.
fn types(tokens: &[Placed]) -> Vec<(usize, String)> {
    const KINDS: [&str; 5] = ["struct", "enum", "trait", "type", "union"];
    let words: Vec<&Token> = tokens.iter().map(|(_, token)| token).collect();
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (at, token) in words.iter().enumerate() {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 && word == "pub" => {
                let rest = match &words[at + 1..] {
                    [Token::Sign('('), Token::Word(to), Token::Sign(')'), rest @ ..] if to == "crate" => rest,
                    rest => rest,
                };
                if let [Token::Word(kind), Token::Word(name), ..] = rest
                    && KINDS.contains(&kind.as_str())
                {
                    found.push((tokens[at].0, name.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn no_two_types_share_a_name() {
    assert_eq!(shared(&Graph::of_workspace().unwrap()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_type_is_found_where_others_see_it() {
    let source = "pub struct A<T>(T); pub(crate) enum B { C } pub(super) trait D {} struct E;\n\
        impl A { pub type F = u8; } pub type G = u8; pub fn h() {} mod i { pub struct J; }";
    let found: Vec<String> = types(&tokens(source)).into_iter().map(|(_, name)| name).collect();
    assert_eq!(found, ["A", "B", "G"]);
}
