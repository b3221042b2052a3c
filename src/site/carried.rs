//! Logos in the file that carries a configuration from one appliance to another.

use super::logo::{LOGOS, Logo, Stored};
use super::{SITES, Site};
use crate::base::error::Checks;
use crate::base::{Error, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The logo of a site, as a file carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedLogo {
    /// Key of the site.
    pub site: String,
    /// The picture, PNG or JPG in base64.
    pub picture: String,
}

/// The logos as a file carries them, by the keys of their sites.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_logos(view: &impl View) -> Result<Vec<CarriedLogo>> {
    let mut logos = Vec::new();
    for site in SITES.all(view)? {
        if site.logo.is_none() {
            continue;
        }
        if let Some(stored) = LOGOS.get(view, site.id.as_bytes())? {
            logos.push(CarriedLogo {
                site: site.key,
                picture: stored.png,
            });
        }
    }
    logos.sort_by(|a, b| a.site.cmp(&b.site));
    Ok(logos)
}

/// Takes logos over in the caller's transaction, each packed anew as if somebody had sent it; the
/// keys of the sites whose logo was another before.
///
/// # Errors
/// Every logo that is refused, by its number; a disk that refuses.
pub fn take_logos_over(
    transaction: &Transaction<'_>,
    logos: Vec<CarriedLogo>,
    (actor, now): (&Actor, Timestamp),
) -> Result<BTreeSet<String>> {
    let sites = SITES.all(transaction)?.into_iter();
    let sites: BTreeMap<String, Site> = sites.map(|site| (site.key.clone(), site)).collect();
    let (mut checks, mut changed) = (Checks::default(), BTreeSet::new());
    for (number, carried) in logos.into_iter().enumerate() {
        let path = |field: &str| format!("{number}.{field}");
        let Some(site) = sites.get(&carried.site) else {
            let sentence = "There is no site of this key, neither here nor in the file.";
            checks.refuse(&path("site"), sentence);
            continue;
        };
        let logo = match read(&carried.picture) {
            Ok(logo) => logo,
            Err(error) => {
                checks.refuse(&path("picture"), told(error));
                continue;
            }
        };
        if site.logo == Some(logo.hash()) {
            continue;
        }
        let after = Site {
            logo: Some(logo.hash()),
            ..site.clone()
        };
        LOGOS.put(transaction, site.id.as_bytes(), &Stored::of(&logo))?;
        SITES.put(transaction, site.id.as_bytes(), &after)?;
        let details = audit::changed_fields(site, &after);
        let resource = format!("site/{}", site.id);
        let object = audit::about(&resource).of(&site.key);
        audit::append(transaction, now, actor, "site.logo", object, details)?;
        changed.insert(carried.site);
    }
    checks.finish()?;
    Ok(changed)
}

fn read(picture: &str) -> Result<Logo> {
    let bytes = BASE64_STANDARD.decode(picture).map_err(|_| {
        let sentence = "This is no base64: the picture was cut or changed in the file.";
        Error::invalid("picture", sentence)
    })?;
    if bytes.len() > super::LOGO_MAX {
        return Err(Error::invalid("picture", "A logo has 2 MB at most."));
    }
    Logo::from_file(&bytes)
}

/// What is wrong with a picture, in one sentence.
fn told(error: Error) -> String {
    let field = error.fields.into_iter().next();
    field.map_or(error.sentence, |field| field.message)
}
