//! *pure* — the broker and the mappings, as a person writes them and as they are stored.

use super::mapping::{Mapping, ready};
use crate::base::error::Checks;
use crate::base::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most mappings.
const MAPPINGS_MAX: usize = 100;
/// Largest CA certificate file, bytes: a bundle of a few.
const CA_MAX: usize = 64 << 10;

/// The broker, and what its messages mean. The password is not among it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MqttSettings {
    /// Whether the broker is connected to.
    pub enabled: bool,
    /// Name or address of the broker; empty before anybody set it.
    pub host: String,
    /// Its port: 1883, or 8883 with TLS.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The certificate that the broker's must be signed by, PEM; the system's when absent.
    pub ca_pem: Option<String>,
    /// Who signs in, if anybody.
    pub username: Option<String>,
    /// Whether a password is kept; it is never shown.
    pub has_password: bool,
    /// The name under which the broker keeps the messages of an interruption.
    pub client_id: String,
    /// What messages mean; the first whose topic fits decides.
    pub mappings: Vec<Mapping>,
    /// When this was last changed; `null` before.
    pub updated_at: Option<Timestamp>,
}

impl Default for MqttSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            host: String::new(),
            port: 1883,
            tls: false,
            ca_pem: None,
            username: None,
            has_password: false,
            client_id: String::new(),
            mappings: Vec::new(),
            updated_at: None,
        }
    }
}

/// New settings, as a whole.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MqttChange {
    /// Whether the broker is connected to.
    pub enabled: bool,
    /// Name or address of the broker.
    #[schema(example = "192.168.10.5")]
    pub host: String,
    /// Its port.
    #[schema(minimum = 1, maximum = 65535, default = 1883)]
    pub port: u16,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: bool,
    /// The certificate that the broker's must be signed by, PEM.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// Who signs in, if anybody.
    #[serde(default)]
    pub username: Option<String>,
    /// His password: absent keeps the one that is kept, empty forgets it. It is to be given again
    /// when the broker is another one.
    #[serde(default)]
    #[schema(write_only)]
    pub password: Option<String>,
    /// The name under which the broker knows us; made once when absent.
    #[serde(default)]
    pub client_id: Option<String>,
    /// What messages mean.
    #[serde(default)]
    pub mappings: Vec<Mapping>,
}

impl MqttSettings {
    /// These settings with a change; `made_id` names a client that has no name yet.
    pub(super) fn with(
        &self,
        change: &MqttChange,
        made_id: String,
        now: Timestamp,
    ) -> Result<Self> {
        let tidy = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let kept_id = Some(self.client_id.clone()).filter(|id| !id.is_empty());
        let client_id = tidy(&change.client_id).or(kept_id);
        let changed = Self {
            enabled: change.enabled,
            host: change.host.trim().to_owned(),
            port: change.port,
            tls: change.tls,
            ca_pem: tidy(&change.ca_pem).map(|pem| pem + "\n"),
            username: tidy(&change.username),
            has_password: match &change.password {
                Some(password) => !password.is_empty(),
                None => self.has_password,
            },
            client_id: client_id.unwrap_or(made_id),
            mappings: change.mappings.clone(),
            updated_at: Some(now),
        };
        let mut checks = Checks::default();
        changed.check(&mut checks)?;
        // Whoever may change the broker shall not get the password of the old one sent to him.
        let moved = (&changed.host, changed.port) != (&self.host, self.port)
            || (self.tls && !changed.tls)
            || changed.ca_pem != self.ca_pem;
        let kept = self.has_password && change.password.is_none();
        let sentence = "The broker is another one: type the password again.";
        checks.require(!(moved && kept), "password", sentence);
        let long = change.password.as_ref().is_some_and(|p| p.len() > 256);
        checks.require(!long, "password", "A password of 256 bytes at most.");
        let alone = changed.has_password && changed.username.is_none();
        let sentence = "A password needs a user name.";
        checks.require(!alone, "username", sentence);
        checks.finish()?;
        Ok(changed)
    }

    fn check(&self, checks: &mut Checks) -> Result<()> {
        let host = &self.host;
        let named = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        let good = host.len() <= 253 && host.chars().all(named) && !host.contains("//");
        let set = !(self.enabled && host.is_empty());
        let sentence = "The name or address of the broker, such as 192.168.10.5.";
        checks.require(good && set, "host", sentence);
        checks.require(self.port > 0, "port", "The port is 1 to 65535.");
        let pem = self.ca_pem.as_deref().unwrap_or_default();
        let is_pem = pem.is_empty() || pem.contains("-----BEGIN CERTIFICATE-----");
        let sentence = "A certificate begins with -----BEGIN CERTIFICATE-----, 64 KiB at most.";
        checks.require(is_pem && pem.len() <= CA_MAX, "ca_pem", sentence);
        let id = &self.client_id;
        let plain = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        let sentence = "1 to 64 letters, digits and signs without spaces.";
        checks.require(plain, "client_id", sentence);
        let user = self.username.as_deref().unwrap_or_default();
        checks.require(user.len() <= 256, "username", "At most 256 bytes.");
        let few = self.mappings.len() <= MAPPINGS_MAX;
        checks.require(few, "mappings", "100 mappings at most.");
        checks.merge("", ready(&self.mappings))?;
        Ok(())
    }
}

impl std::fmt::Debug for MqttChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MqttChange")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(old: &MqttSettings, change: serde_json::Value) -> Result<MqttSettings> {
        let change: MqttChange = serde_json::from_value(change).unwrap();
        old.with(&change, "made".to_owned(), Timestamp::from_ms(0))
    }

    fn fields(result: Result<MqttSettings>) -> Vec<String> {
        let fields = result.unwrap_err().fields.into_iter();
        fields.map(|field| field.path).collect()
    }

    #[test]
    fn the_password_does_not_follow_to_another_broker() {
        let first = json!({ "enabled": true, "host": "a", "port": 1883, "username": "u",
            "password": "secret" });
        let kept = with(&MqttSettings::default(), first).unwrap();
        assert!(kept.has_password && kept.client_id == "made");
        let same = json!({ "enabled": false, "host": "a", "port": 1883, "username": "u" });
        assert!(with(&kept, same).unwrap().has_password);
        for change in [
            json!({ "enabled": true, "host": "b", "port": 1883, "username": "u" }),
            json!({ "enabled": true, "host": "a", "port": 1884, "username": "u" }),
        ] {
            assert_eq!(fields(with(&kept, change)), ["password"]);
        }
        let forgotten = json!({ "enabled": true, "host": "b", "port": 1, "password": "" });
        assert!(!with(&kept, forgotten).unwrap().has_password);
    }

    #[test]
    fn refused_fields_are_named() {
        let change = json!({ "enabled": true, "host": " ", "port": 0, "ca_pem": "x",
            "password": "p", "client_id": "a b", "mappings": [{ "topic": "a" }] });
        let named = [
            "host",
            "port",
            "ca_pem",
            "client_id",
            "mappings.0.topic",
            "username",
        ];
        assert_eq!(fields(with(&MqttSettings::default(), change)), named);
    }
}
