//! *pure* — which sites somebody reaches. What he does not reach is not there for him.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The word for every site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Those of today and those to come.
    All,
}

/// The sites that somebody reaches: `"all"`, or their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Reach {
    /// Every site.
    All(Every),
    /// The sites of these keys.
    Only(BTreeSet<String>),
}

impl Reach {
    /// Every site.
    pub const ALL: Self = Self::All(Every::All);

    /// One site.
    #[must_use]
    pub fn one(site: &str) -> Self {
        Self::Only(BTreeSet::from([site.to_owned()]))
    }

    /// Whether this site is among them.
    #[must_use]
    pub fn sees(&self, site: &str) -> bool {
        match self {
            Self::All(_) => true,
            Self::Only(sites) => sites.contains(site),
        }
    }

    /// Whether everything that the other one reaches is among them: nobody gives more than he has,
    /// and nobody manages who has more.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(_), _) => true,
            (Self::Only(_), Self::All(_)) => false,
            (Self::Only(sites), Self::Only(others)) => sites.is_superset(others),
        }
    }

    /// The sites that it names.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let named = match self {
            Self::All(_) => None,
            Self::Only(sites) => Some(sites),
        };
        named.into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nobody_gives_more_than_he_has() {
        let both = Reach::Only(["a".to_owned(), "b".to_owned()].into());
        let (one, none) = (Reach::one("a"), Reach::Only(BTreeSet::new()));
        assert!(Reach::ALL.covers(&Reach::ALL) && Reach::ALL.covers(&both));
        assert!(both.covers(&one) && both.covers(&none) && one.covers(&one));
        assert!(!both.covers(&Reach::ALL) && !one.covers(&both) && !one.covers(&Reach::one("b")));
        assert!(Reach::ALL.sees("z") && both.sees("b") && !one.sees("b") && !none.sees("a"));
    }

    #[test]
    fn it_is_a_word_or_a_list() {
        for (reach, wire) in [(Reach::ALL, json!("all")), (Reach::one("a"), json!(["a"]))] {
            assert_eq!(serde_json::to_value(&reach).unwrap(), wire);
            assert_eq!(serde_json::from_value::<Reach>(wire).unwrap(), reach);
        }
        for odd in [
            json!("ALL"),
            json!(""),
            json!(null),
            json!({ "all": true }),
            json!([1]),
        ] {
            assert!(
                serde_json::from_value::<Reach>(odd.clone()).is_err(),
                "{odd}"
            );
        }
    }
}
