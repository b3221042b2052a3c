//! *pure* — what an entry is about, and whose it is.

use std::collections::BTreeSet;

/// What an entry is about: `equipment/0192…`, and the sites that have it.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    pub(super) resource: &'a str,
    pub(super) sites: BTreeSet<String>,
}

/// Something of the whole appliance, or of these sites: who reaches some of the sites only sees the
/// entries whose sites he reaches all, and none that names no site.
#[must_use]
pub fn about(resource: &str) -> Object<'_> {
    resource.into()
}

impl Object<'_> {
    /// It belongs to this site.
    #[must_use]
    pub fn of(mut self, site: impl AsRef<str>) -> Self {
        self.sites.insert(site.as_ref().to_owned());
        self
    }

    /// It belongs to these sites; to the whole appliance when there are none.
    #[must_use]
    pub fn of_all(mut self, sites: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let sites = sites.into_iter();
        self.sites
            .extend(sites.map(|site| site.as_ref().to_owned()));
        self
    }
}

impl<'a> From<&'a str> for Object<'a> {
    fn from(resource: &'a str) -> Self {
        Self {
            resource,
            sites: BTreeSet::new(),
        }
    }
}

impl<'a> From<&'a String> for Object<'a> {
    fn from(resource: &'a String) -> Self {
        resource.as_str().into()
    }
}
