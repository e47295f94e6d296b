//! Bearer tokens: each names its user. They are compared by their hashes, and never shown.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::desk::Caller;

/// A token and whom it stands for.
pub struct BearerToken {
    /// The token.
    pub token: SecretString,
    /// As whom a call with it acts.
    pub caller: Caller,
}

/// The tokens that a server accepts.
#[derive(Default)]
pub struct BearerTokens {
    known: Vec<([u8; 32], Caller)>,
    anonymous: Option<Caller>,
}

impl BearerTokens {
    /// These tokens; `anonymous` is who calls without one, nobody where none.
    #[must_use]
    pub fn new(tokens: Vec<BearerToken>, anonymous: Option<Caller>) -> Self {
        let known =
            tokens.into_iter().map(|token| (hash(token.token.expose_secret()), token.caller)).collect();
        Self { known, anonymous }
    }

    /// Whether nobody can call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.anonymous.is_none()
    }

    /// Whom a call with this `Authorization` header acts as. A wrong token is nobody, also where none is asked for.
    #[must_use]
    pub fn caller(&self, authorization: Option<&str>) -> Option<&Caller> {
        let Some(authorization) = authorization else { return self.anonymous.as_ref() };
        let (scheme, token) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        // Hashes: how long the comparison takes says nothing about a token.
        let given = hash(token.trim());
        self.known.iter().find(|(known, _)| *known == given).map(|(_, caller)| caller)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_user_and_a_wrong_one_nobody() {
        let ann = Caller { user: "ann".parse().unwrap(), owns_desk: false };
        let token = |anonymous| {
            BearerTokens::new(
                vec![BearerToken { token: "s3cret".to_owned().into(), caller: ann.clone() }],
                anonymous,
            )
        };
        let tokens = token(None);
        assert_eq!(tokens.caller(Some("Bearer s3cret")), Some(&ann));
        assert_eq!(tokens.caller(Some("bearer  s3cret ")), Some(&ann));
        for wrong in [None, Some("Bearer s3cre"), Some("Basic s3cret"), Some("s3cret"), Some("")] {
            assert_eq!(tokens.caller(wrong), None, "{wrong:?}");
        }
        let open = token(Some(Caller::owner()));
        assert_eq!(open.caller(None), Some(&Caller::owner()));
        assert_eq!(open.caller(Some("Bearer wrong")), None);
    }
}
