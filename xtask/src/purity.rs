//! Holds the sources of pure crates against their bans. Follows the modules from `lib.rs`, tests aside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::bans::Ban;
use crate::tokens::{Placed, Token, tokens};

/// What the crate in this folder names and must not, one sentence each.
pub(crate) fn violations(manifest: &Path, bans: &[&Ban]) -> anyhow::Result<Vec<String>> {
    let source = manifest.with_file_name("src");
    let mut open = vec![(source.join("lib.rs"), source.clone())];
    let mut found = Vec::new();
    while let Some((file, children)) = open.pop() {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let file_tokens = without_tests(&tokens(&text));
        let name = file.strip_prefix(&source).unwrap_or(&file).display();
        found.extend(named(&file_tokens, bans).into_iter().map(|what| format!("src/{name}:{what}")));
        for module in modules(&file_tokens) {
            open.push(located(&children, &module)?);
        }
    }
    Ok(found)
}

/// The file of a module and the folder of its children.
fn located(folder: &Path, module: &[String]) -> anyhow::Result<(PathBuf, PathBuf)> {
    let children: PathBuf = folder.join(module.iter().collect::<PathBuf>());
    let file =
        [children.with_extension("rs"), children.join("mod.rs")].into_iter().find(|file| file.is_file());
    Ok((file.with_context(|| format!("no file for the module {}", children.display()))?, children))
}

/// The tokens without what is compiled for tests only.
pub(crate) fn without_tests(tokens: &[Placed]) -> Vec<Placed> {
    let mut rest = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if starts(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at = after_item(tokens, at + 7);
        } else {
            rest.push(tokens[at].clone());
            at += 1;
        }
    }
    rest
}

/// Where the item, field or arm that begins at `at` has ended. Too early rather than too late: the rest is looked at.
fn after_item(tokens: &[Placed], mut at: usize) -> usize {
    let mut depth = 0_i32;
    while let Some((_, token)) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign('}') if depth <= 1 => break,
            Token::Sign('}' | ')' | ']') => depth -= 1,
            Token::Sign(';' | ',') if depth == 0 => break,
            _ => {}
        }
    }
    at
}

/// The modules in files of their own, each with the inline modules around it.
fn modules(tokens: &[Placed]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut around: Vec<(usize, String)> = Vec::new();
    let mut depth = 0;
    for (at, (_, token)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth -= 1;
                around.retain(|(outer, _)| *outer < depth);
            }
            Token::Word(word) if word == "mod" => {
                let Some(Token::Word(name)) = token_at(tokens, at + 1) else { continue };
                match token_at(tokens, at + 2) {
                    Some(Token::Sign('{')) => around.push((depth, name.clone())),
                    Some(Token::Sign(';')) => {
                        found.push(around.iter().map(|(_, name)| name).chain([name]).cloned().collect());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found
}

/// What is named and banned, as `LINE: what`.
fn named(tokens: &[Placed], bans: &[&Ban]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let mut report = |what: String| found.push(format!("{line}: {what}"));
        let before = at.checked_sub(1).and_then(|before| token_at(tokens, before));
        let is_before = |sign: char| token_at(tokens, at + 1) == Some(&Token::Sign(sign));
        match word.as_str() {
            "use" => leaves(tokens, at + 1, &[]).into_iter().for_each(|path| check(&path, bans, &mut report)),
            // `other::core::…` is another core; a `std` somewhere in a path is taken for the real one.
            root if is_root(root)
                && token_at(tokens, at + 1) == Some(&Token::Path)
                && (root == "std" || !continues(tokens, at)) =>
            {
                leaves(tokens, at, &[]).into_iter().for_each(|path| check(&path, bans, &mut report));
            }
            "crate" if is_word(before, "extern") => report("extern crate".to_owned()),
            "path" if is_before('=') && in_attribute(tokens, at) => report("a module's #[path]".to_owned()),
            "mod" if is_before('$') => report("a module named by a macro".to_owned()),
            _ if bans.iter().any(|ban| ban.calls.contains(&after(before, word).as_str())) => {
                report(after(before, word));
            }
            _ if is_before('!') && bans.iter().any(|ban| ban.macros.contains(&word.as_str())) => {
                report(format!("{word}!"));
            }
            _ => {}
        }
    }
    found.dedup();
    found
}

/// The paths that begin at `at`: one, or those of a tree in braces. A glob ends in `*`, a macro's variable in `$`.
fn leaves(tokens: &[Placed], at: usize, prefix: &[String]) -> Vec<Vec<String>> {
    let with = |end: &str| [prefix, &[end.to_owned()]].concat();
    match token_at(tokens, at) {
        Some(Token::Path) => leaves(tokens, at + 1, prefix),
        Some(Token::Word(word)) if word == "self" => vec![prefix.to_vec()],
        Some(Token::Word(word)) => match token_at(tokens, at + 1) {
            Some(Token::Path) => leaves(tokens, at + 2, &with(word)),
            _ => vec![with(word)],
        },
        Some(Token::Sign('*')) => vec![with("*")],
        Some(Token::Sign('$')) => vec![with("$")],
        Some(Token::Sign('{')) => {
            branches(tokens, at + 1).into_iter().flat_map(|branch| leaves(tokens, branch, prefix)).collect()
        }
        Some(Token::Sign('}')) => Vec::new(), // behind a last comma
        _ => vec![prefix.to_vec()],
    }
}

/// Where the branches of a tree begin, from behind its brace.
fn branches(tokens: &[Placed], from: usize) -> Vec<usize> {
    let mut found = vec![from];
    let mut depth = 0;
    for (at, (_, token)) in tokens.iter().enumerate().skip(from) {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') if depth == 0 => break,
            Token::Sign('}') => depth -= 1,
            Token::Sign(',') if depth == 0 => found.push(at + 1),
            _ => {}
        }
    }
    found
}

/// Reports a path that leads to something banned: it lies below a ban, it is a module that holds one, or a glob of such.
fn check(path: &[String], bans: &[&Ban], report: &mut impl FnMut(String)) {
    let Some((root, rest)) = path.split_first().filter(|(root, _)| is_root(root)) else { return };
    let open_end = matches!(rest.last().map(String::as_str), Some("*" | "$"));
    let rest = &rest[..rest.len() - usize::from(open_end)];
    let leads_to = |ban: &str| {
        let ban: Vec<&str> = ban.split("::").skip(1).collect();
        let common = rest.iter().zip(&ban).take_while(|(a, b)| a == b).count();
        common == ban.len() || common == rest.len()
    };
    let banned = bans.iter().flat_map(|ban| ban.paths).any(|ban| leads_to(ban));
    if banned {
        report([std::slice::from_ref(root), rest].concat().join("::"));
    }
}

fn is_root(word: &str) -> bool {
    matches!(word, "std" | "core" | "alloc")
}

fn token_at(tokens: &[Placed], at: usize) -> Option<&Token> {
    tokens.get(at).map(|(_, token)| token)
}

fn is_word(token: Option<&Token>, expected: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word == expected)
}

/// A word with the sign before it: `.elapsed`, `::now`.
fn after(before: Option<&Token>, word: &str) -> String {
    match before {
        Some(Token::Path) => format!("::{word}"),
        Some(Token::Sign('.')) => format!(".{word}"),
        _ => word.to_owned(),
    }
}

/// Whether the word at `at` stands behind another one's `::`.
fn continues(tokens: &[Placed], at: usize) -> bool {
    at >= 2 && tokens[at - 1].1 == Token::Path && matches!(tokens[at - 2].1, Token::Word(_))
}

/// Whether the nearest bracket before is that of an attribute.
fn in_attribute(tokens: &[Placed], at: usize) -> bool {
    let bracket = tokens[..at].iter().rposition(|(_, token)| *token == Token::Sign('['));
    let closed = tokens[..at].iter().rposition(|(_, token)| *token == Token::Sign(']'));
    bracket.is_some_and(|bracket| {
        bracket > 0
            && tokens[bracket - 1].1 == Token::Sign('#')
            && closed.is_none_or(|closed| closed < bracket)
    })
}

fn starts(tokens: &[Placed], expected: &[&str]) -> bool {
    let same = |((_, token), text): (&Placed, &&str)| match token {
        Token::Word(word) => word == text,
        Token::Sign(sign) => text.chars().eq([*sign]),
        Token::Path | Token::Literal => false,
    };
    tokens.len() >= expected.len() && tokens.iter().zip(expected).all(same)
}

#[cfg(test)]
#[path = "purity_tests.rs"]
mod tests;
